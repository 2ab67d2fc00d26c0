import { type ClipCaption, type ClipCaptionObject, parseClipCaption } from "../caption.js";
import { assertClip, type Clip } from "../clip.js";
import { type FoundMover, findMovers } from "./find-movers.js";

/** Right or wrong, for what the caption mentions of one object; undefined for the rest. */
export interface MoverChecks {
  readonly shape: boolean;
  readonly colour: boolean | undefined;
  readonly size: boolean | undefined;
  readonly motion: boolean | undefined;
}

/** Right or wrong, for what the caption mentions; undefined for the rest. */
export interface ClipChecks {
  readonly background: boolean | undefined;
  /** Whether the clip shows as many objects as the caption. */
  readonly count: boolean | undefined;
  /** In caption order. */
  readonly objects: readonly MoverChecks[];
}

export interface ClipResult {
  /** Whether everything that the caption mentions is right. */
  readonly correct: boolean;
  readonly checks: ClipChecks;
  /** What the clip shows, longest seen first. */
  readonly found: readonly FoundMover[];
}

/**
 * Looks whether a clip shows what a caption of the sample clips says. Made for clips from a small autoencoder: grain,
 * soft edges, shifted colours and a frame here and there that is wrong are borne.
 *
 * @throws SampleVideoError for a caption outside the grammar, or a clip that is none.
 */
export function checkClipCaption(clip: Clip, caption: string): ClipResult {
  const wanted = parseClipCaption(caption);
  assertClip(clip);
  const { background, objects: found } = findMovers(clip);
  const objects = bestMatch(wanted, found);
  const checks: ClipChecks = {
    background: wanted.background === undefined ? undefined : background === wanted.background,
    count: wanted.objects.length === 0 ? undefined : found.length === wanted.objects.length,
    objects,
  };
  const wrong = [checks.background, checks.count, ...parts(objects)].includes(false);
  return { correct: !wrong, checks, found };
}

/** Each object of the caption against one of the clip; a caption has two at most, so both ways are tried. */
function bestMatch({ objects }: ClipCaption, found: readonly FoundMover[]): MoverChecks[] {
  if (objects.length === 0) return [];
  const candidates = [...found, ...objects.map(() => undefined)];
  const ways = candidates.flatMap((first, i) =>
    objects.length === 1
      ? [[first]]
      : candidates.filter((_, j) => i !== j).map((second) => [first, second]),
  );
  const right = (checks: MoverChecks[]) => parts(checks).filter((part) => part === true).length;
  return ways
    .map((way) => objects.map((object, i) => judge(object, way[i])))
    .reduce((best, checks) => (right(checks) > right(best) ? checks : best));
}

function judge(wanted: ClipCaptionObject, found: FoundMover | undefined): MoverChecks {
  const same = <Value>(value: Value | undefined, seen: Value | undefined) =>
    value === undefined ? undefined : value === seen;
  return {
    shape: wanted.shape === found?.shape,
    colour: same(wanted.colour, found?.colour),
    size: same(wanted.size, found?.size),
    motion: same(wanted.motion, found?.motion),
  };
}

function parts(checks: readonly MoverChecks[]): (boolean | undefined)[] {
  return checks.flatMap((object) => Object.values(object) as (boolean | undefined)[]);
}
