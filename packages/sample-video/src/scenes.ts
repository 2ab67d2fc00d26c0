import type { Point } from "@paroattn/sample-image";
import specification from "../scenes.json";

export type MotionName = "moves up" | "moves down" | "moves left" | "moves right" | "stays still";
export type PromptSetName = "calibration" | "heldoutOne" | "heldoutTwo";

/** The parts of `scenes.json` that clips and captions are made of. Coordinates are units: 256 span a frame. */
export interface ClipSpecification {
  readonly clip: {
    readonly width: number;
    readonly height: number;
    readonly frames: number;
    /** Width of a latent cell, in pixels. */
    readonly cell: number;
    /** Frames to a latent frame, but for the first, which is alone. */
    readonly group: number;
  };
  /** Where each motion goes: x to the right, y down. */
  readonly motions: Readonly<Record<MotionName, Point>>;
  /** `step`: units a frame. `middle`: of the path of an object that is alone. `lanes`: of two objects, across their axis. */
  readonly path: {
    readonly step: number;
    readonly middle: number;
    readonly lanes: readonly [number, number];
  };
  /** What is added to the middle of a path: multiples of `step` up to a maximum. */
  readonly jitter: {
    readonly step: number;
    readonly maxAlong: number;
    readonly maxAcross: number;
  };
  /** Files relative to the package. */
  readonly prompts: Readonly<Record<PromptSetName, string>>;
}

/** Without the notes that the file has for people. */
function parse(): ClipSpecification {
  const { note: _note, ...prompts } = specification.prompts;
  return { ...specification, prompts } as unknown as ClipSpecification;
}

/** What the sample clips show, parsed from `scenes.json`; shapes, colours, sizes and backgrounds are sample-image's. */
export const clipScenes: ClipSpecification = parse();

/** The motions by name. */
export const motionNames = Object.keys(clipScenes.motions) as MotionName[];
