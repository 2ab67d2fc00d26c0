import type { Point } from "@paroattn/sample-image";
import { clipScenes, type MotionName, motionNames } from "../scenes.js";

/** An object's centre at a time, from 0 (the clip's first frame) to 1 (its last). */
export interface Sighting {
  readonly time: number;
  readonly centre: Point;
}

/** How far an object goes from the first frame to the last, in units. */
export const PATH_LENGTH = (clipScenes.clip.frames - 1) * clipScenes.path.step;
/** A third of the clip at a time: a jump between two stills, or a ride that stops halfway, is no steady motion. */
const PARTS = 3;

/**
 * The motion of a path that goes at least half the way along one axis, some of it in every third of the clip, and
 * hardly any across; or that stays where it is. Undefined for anything else.
 */
export function motionOf(path: readonly Sighting[]): MotionName | undefined {
  if (path.length < 2 * PARTS) return undefined;
  const spread = [0, 1].map((axis) => extent(path.map(({ centre }) => centre[axis]!)));
  if (spread.every((units) => units < PATH_LENGTH / 4)) return "stays still";
  return motionNames.find((name) => {
    const direction = clipScenes.motions[name];
    const along = direction[0] === 0 ? 1 : 0;
    const sign = direction[along]!;
    if (sign === 0 || spread[1 - along]! >= PATH_LENGTH / 4) return false;
    const ways = Array.from({ length: PARTS }, (_, part) => {
      const inside = path.filter(({ time }) => time >= part / PARTS && time <= (part + 1) / PARTS);
      return sign * wayAlong(inside, along) * (1 / PARTS);
    });
    const whole = ways.reduce((sum, way) => sum + way, 0);
    return whole >= PATH_LENGTH / 2 && ways.every((way) => way >= PATH_LENGTH / PARTS / 4);
  });
}

function extent(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

/** Units along an axis for the whole clip's time, by the line of least squares. */
function wayAlong(path: readonly Sighting[], axis: 0 | 1): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const time = mean(path.map((sighting) => sighting.time));
  const place = mean(path.map((sighting) => sighting.centre[axis]));
  let both = 0;
  let square = 0;
  for (const sighting of path) {
    both += (sighting.time - time) * (sighting.centre[axis] - place);
    square += (sighting.time - time) ** 2;
  }
  return square === 0 ? 0 : both / square;
}
