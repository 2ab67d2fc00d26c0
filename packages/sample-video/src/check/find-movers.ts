import {
  type BackgroundName,
  type ColourName,
  findObjects,
  type ShapeName,
  type SizeName,
} from "@paroattn/sample-image";
import type { Clip } from "../clip.js";
import type { MotionName } from "../scenes.js";
import { enlarge } from "./enlarge.js";
import { motionOf, type Sighting } from "./motion.js";
import { follow, type Track } from "./track.js";

/** An object seen in a clip. What most of the frames that show it do not agree on is undefined. */
export interface FoundMover {
  readonly shape: ShapeName | undefined;
  readonly colour: ColourName | undefined;
  readonly size: SizeName | undefined;
  /** Undefined too for an object that a quarter of the clip or more does not show, or that neither moves steadily nor stays. */
  readonly motion: MotionName | undefined;
  /** Its centres, in units: 256 span a frame. */
  readonly path: readonly Sighting[];
}

export interface ClipContent {
  /** Undefined if most frames' borders show none. */
  readonly background: BackgroundName | undefined;
  /** Longest seen first. */
  readonly objects: readonly FoundMover[];
}

/** Frames that are looked at, evenly apart from the first to the last. */
const LOOKS = 9;
/** What is seen in less of the clip is a speck. */
const LEAST_SHARE = 1 / 4;
/** What moves is seen in this much of the clip. */
const WHOLE_SHARE = 3 / 4;

/** What a clip of the sample scenes shows, whatever its caption. Looks at nine frames, the first and the last among them. */
export function findMovers(clip: Clip): ClipContent {
  const frames = evenly(clip.length, LOOKS);
  const looks = frames.map((frame) => ({
    time: frame / Math.max(1, clip.length - 1),
    ...findObjects(enlarge(clip[frame]!)),
  }));
  return {
    background: majority(looks.map(({ background }) => background)),
    objects: follow(looks)
      .filter(({ length }) => length >= LEAST_SHARE * looks.length)
      .sort((a, b) => b.length - a.length)
      .map((track) => describe(track, track.length >= WHOLE_SHARE * looks.length)),
  };
}

/** Up to `count` whole numbers below `length`, evenly apart from 0 to the last. */
function evenly(length: number, count: number): number[] {
  const numbers = Math.min(length, count);
  return Array.from({ length: numbers }, (_, i) =>
    numbers === 1 ? 0 : Math.round((i * (length - 1)) / (numbers - 1)),
  );
}

function describe(track: Track, whole: boolean): FoundMover {
  const seen = track.map(({ object }) => object);
  const path = track.map(({ time, object: { centre } }) => ({ time, centre }));
  return {
    shape: majority(seen.map(({ shape }) => shape)),
    colour: majority(seen.map(({ colour }) => colour)),
    size: majority(seen.map(({ size }) => size)),
    motion: whole ? motionOf(path) : undefined,
    path,
  };
}

/** What more than half of the values are; undefined if there is no such value. */
function majority<Value>(values: readonly (Value | undefined)[]): Value | undefined {
  return values.find(
    (value) => values.filter((other) => other === value).length > values.length / 2,
  );
}
