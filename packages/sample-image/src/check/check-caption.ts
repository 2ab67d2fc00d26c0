import { type Caption, type CaptionObject, parseCaption } from "../caption.js";
import { assertPicture, type Picture } from "../picture.js";
import type { RelationName } from "../scenes.js";
import { type FoundObject, findObjects } from "./find-objects.js";

/** Right or wrong, for what the caption mentions of one object; undefined for the rest. */
export interface ObjectChecks {
  readonly shape: boolean;
  readonly colour: boolean | undefined;
  readonly size: boolean | undefined;
  readonly place: boolean | undefined;
}

/** Right or wrong, for what the caption mentions; undefined for the rest. */
export interface CaptionChecks {
  readonly background: boolean | undefined;
  /** Whether the picture shows as many objects as the caption. */
  readonly count: boolean | undefined;
  /** In caption order. */
  readonly objects: readonly ObjectChecks[];
  readonly relation: boolean | undefined;
}

export interface CaptionResult {
  /** Whether everything that the caption mentions is right. */
  readonly correct: boolean;
  readonly checks: CaptionChecks;
  /** What the picture shows, largest first. */
  readonly found: readonly FoundObject[];
}

/**
 * Looks whether a picture shows what a caption of the sample scenes says. Made for pictures from a small
 * autoencoder: grain, soft edges and shifted colours are borne.
 *
 * @throws SampleImageError for a caption outside the grammar, or a picture whose data does not fill it.
 */
export function checkCaption(picture: Picture, caption: string): CaptionResult {
  const wanted = parseCaption(caption);
  assertPicture(picture);
  const { background, objects: found } = findObjects(picture);
  const best = assignments(wanted.objects.length, found)
    .map((matched) => judge(wanted, matched))
    .reduce((a, b) => (rightParts(b) > rightParts(a) ? b : a));
  const checks: CaptionChecks = {
    background: wanted.background === undefined ? undefined : background === wanted.background,
    count: wanted.objects.length === 0 ? undefined : found.length === wanted.objects.length,
    ...best,
  };
  const wrong = [checks.background, checks.count, ...parts(best)].some((part) => part === false);
  return { correct: !wrong, checks, found };
}

type Matched = readonly (FoundObject | undefined)[];
type MatchChecks = Pick<CaptionChecks, "objects" | "relation">;

/** Which found object stands for which of the caption's; a caption has two at most. */
function assignments(count: number, found: readonly FoundObject[]): Matched[] {
  if (count === 0) return [[]];
  const missing = Math.max(0, count - found.length);
  const candidates: Matched = [...found, ...Array<undefined>(missing).fill(undefined)];
  if (count === 1) return candidates.map((first) => [first]);
  return candidates.flatMap((first, i) =>
    candidates.filter((_, j) => i !== j).map((second) => [first, second]),
  );
}

function judge(wanted: Caption, matched: Matched): MatchChecks {
  const objects = wanted.objects.map((object, i) => judgeObject(object, wanted, matched[i]));
  const [first, second] = matched;
  const relation = first && second ? relationOf(first, second) : undefined;
  return {
    objects,
    relation: wanted.relation === undefined ? undefined : relation === wanted.relation,
  };
}

function judgeObject(
  wanted: CaptionObject,
  { place }: Caption,
  found: FoundObject | undefined,
): ObjectChecks {
  const same = <Value>(value: Value | undefined, seen: Value | undefined) =>
    value === undefined ? undefined : value === seen;
  return {
    shape: wanted.shape === found?.shape,
    colour: same(wanted.colour, found?.colour),
    size: same(wanted.size, found?.size),
    place: same(place, found?.place),
  };
}

/** By the axis along which the centres are farther apart. */
function relationOf(first: FoundObject, second: FoundObject): RelationName {
  const dx = second.centre[0] - first.centre[0];
  const dy = second.centre[1] - first.centre[1];
  if (Math.abs(dx) > Math.abs(dy)) return dx > 0 ? "left of" : "right of";
  return dy > 0 ? "above" : "below";
}

function parts({ objects, relation }: MatchChecks): (boolean | undefined)[] {
  return [...objects.flatMap((object) => Object.values(object) as boolean[]), relation];
}

function rightParts(checks: MatchChecks): number {
  return parts(checks).filter((part) => part === true).length;
}
