import { parseClipCaption } from "../caption.js";
import { assertClip, type Clip } from "../clip.js";
import { SampleVideoError } from "../errors.js";
import { clipScenes } from "../scenes.js";
import { type FoundMover, findMovers } from "./find-movers.js";
import { PATH_LENGTH, type Sighting } from "./motion.js";

/** How far the objects of a clip are from where they should be: pixels of the clip, mean over objects and frames. */
export interface MotionError {
  /** From the objects of the other clip. Null where it shows none, or this one shows fewer, or never at the same time. */
  readonly reference: number | null;
  /**
   * From the way that the caption names, laid through the middle of each object's own path, because captions name no place. Null
   * where the caption names no motion, or the clip shows fewer objects than it.
   */
  readonly caption: number | null;
}

/** Units that span a frame. */
const FRAME = 256;

type Distance = (mover: FoundMover) => number | null;

/**
 * How far a clip moves otherwise than another one of the same prompt, and than its caption says. The frames are the nine that
 * `findMovers` looks at. Objects are told from each other by how well they fit, those of the right colour first.
 *
 * @throws SampleVideoError for a caption outside the grammar, clips that are none, or clips of different lengths or sizes.
 */
export function motionError(
  clip: Clip,
  options: { readonly reference: Clip; readonly caption: string },
): MotionError {
  const { reference, caption } = options;
  const wanted = parseClipCaption(caption).objects;
  assertClip(clip);
  assertClip(reference);
  const [shape, expected] = [clip, reference].map(
    (frames) => `${frames.length} frames of ${frames[0]!.width}x${frames[0]!.height}`,
  );
  if (shape !== expected) {
    throw new SampleVideoError(`Expected ${expected} like the reference but found ${shape}`);
  }
  const found = findMovers(clip).objects;
  const pixels = clip[0]!.width / FRAME;
  const ofReference = findMovers(reference).objects.map(({ colour, path }) => ({
    colour,
    distance: ((mover) => distanceFrom(path, mover.path)) as Distance,
  }));
  const ofCaption = wanted.flatMap(({ colour, motion }) => {
    if (motion === undefined) return [];
    const direction = clipScenes.motions[motion];
    return [{ colour, distance: ((mover) => distanceFromWay(direction, mover.path)) as Distance }];
  });
  const inPixels = (units: number | null) => (units === null ? null : units * pixels);
  return {
    reference: inPixels(bestFit(ofReference, found)),
    caption: inPixels(bestFit(ofCaption, found)),
  };
}

/** The least mean distance over all ways to give each wanted object one of those found; null where there is none. */
function bestFit(
  wanted: readonly { readonly colour: string | undefined; readonly distance: Distance }[],
  found: readonly FoundMover[],
): number | null {
  if (wanted.length === 0) return null;
  const ways = assignments(wanted.length, found).flatMap((movers) => {
    const distances = wanted.map(({ distance }, index) => distance(movers[index]!));
    if (distances.includes(null)) return [];
    const strangers = wanted.filter(
      ({ colour }, index) => colour !== undefined && colour !== movers[index]!.colour,
    ).length;
    const sum = distances.reduce<number>((total, distance) => total + (distance ?? 0), 0);
    return [{ strangers, mean: sum / wanted.length }];
  });
  ways.sort((a, b) => a.strangers - b.strangers || a.mean - b.mean);
  return ways[0]?.mean ?? null;
}

/** All ways to take so many of some things, one after the other, none twice. */
function assignments<T>(count: number, things: readonly T[]): T[][] {
  if (count === 0) return [[]];
  return things.flatMap((thing) =>
    assignments(
      count - 1,
      things.filter((other) => other !== thing),
    ).map((rest) => [thing, ...rest]),
  );
}

/** The mean distance between two paths, at the times when both are seen; null where there is none. */
function distanceFrom(path: readonly Sighting[], other: readonly Sighting[]): number | null {
  const distances = path.flatMap(({ time, centre }) => {
    const same = other.find((sighting) => sighting.time === time);
    return same ? [Math.hypot(centre[0] - same.centre[0], centre[1] - same.centre[1])] : [];
  });
  return distances.length === 0 ? null : mean(distances);
}

/** The mean distance of a path from steady motion in a direction, through the middle of the path. */
function distanceFromWay(direction: readonly [number, number], path: readonly Sighting[]): number {
  const offsets = [0, 1].map((axis) => {
    const over = path.map(
      ({ time, centre }) => centre[axis]! - direction[axis]! * PATH_LENGTH * time,
    );
    const middle = mean(over);
    return over.map((value) => value - middle);
  });
  return mean(path.map((_, i) => Math.hypot(offsets[0]![i]!, offsets[1]![i]!)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
