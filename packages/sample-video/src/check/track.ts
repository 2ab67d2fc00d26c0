import type { FoundObject } from "@paroattn/sample-image";
import { clipScenes } from "../scenes.js";

/** What one frame shows, and when: from 0 (the clip's first frame) to 1 (its last). */
export interface Look {
  readonly time: number;
  readonly objects: readonly FoundObject[];
}

/** One object through the looks that saw it, in order of time. */
export type Track = readonly { readonly time: number; readonly object: FoundObject }[];

/** How much later, of the clip, an object that was lost is still taken for the same. */
const PATIENCE = 1 / 4;
/** Units an object may go in the whole clip's time: three times as fast as anything moves. */
const REACH = 3 * (clipScenes.clip.frames - 1) * clipScenes.path.step;

/** Follows objects from look to look: pairs of one colour before others, then the nearest first. */
export function follow(looks: readonly Look[]): Track[] {
  const tracks: { time: number; object: FoundObject }[][] = [];
  for (const { time, objects } of looks) {
    const pairs = tracks
      .flatMap((track) =>
        objects.map((object) => ({ track, object, ...step(track, object, time) })),
      )
      .filter(({ distance, wait }) => wait <= PATIENCE && distance <= REACH * wait)
      .sort((a, b) => Number(b.sameColour) - Number(a.sameColour) || a.distance - b.distance);
    const taken = new Set<FoundObject>();
    for (const { track, object } of pairs) {
      if (taken.has(object) || track.at(-1)!.time === time) continue;
      taken.add(object);
      track.push({ time, object });
    }
    for (const object of objects) if (!taken.has(object)) tracks.push([{ time, object }]);
  }
  return tracks;
}

function step(track: Track, object: FoundObject, time: number) {
  const last = track.at(-1)!;
  const [x, y] = last.object.centre;
  return {
    wait: time - last.time,
    distance: Math.hypot(object.centre[0] - x, object.centre[1] - y),
    sameColour: object.colour === last.object.colour,
  };
}
