import {
  type BackgroundName,
  type ColourName,
  type Point,
  type ShapeName,
  type SizeName,
  scenes,
} from "@paroattn/sample-image";
import { pick } from "../../sample-image/test/random-scenes.js";
import { type ClipScene, clipScenes, type MotionName, type MovingObject } from "../src/index.js";

export const shapes = Object.keys(scenes.shapes) as ShapeName[];
export const colours = Object.keys(scenes.colours) as ColourName[];
export const sizes = Object.keys(scenes.sizes) as SizeName[];
export const backgrounds = Object.keys(scenes.backgrounds) as BackgroundName[];
export const motions = Object.keys(clipScenes.motions) as MotionName[];

export interface CaptionedClip {
  readonly scene: ClipScene;
  readonly caption: string;
}

export function captionOf({ objects, background }: ClipScene): string {
  const phrases = objects.map(
    ({ size, colour, shape, motion }) => `a ${size} ${colour} ${shape} ${motion}`,
  );
  return `${phrases.join(" and ")} on a ${background} background`;
}

/** The axis along which a motion goes: 0 for x, 1 for y; undefined if it goes nowhere. */
function axisOf(motion: MotionName): 0 | 1 | undefined {
  const [x, y] = clipScenes.motions[motion];
  if (x === 0 && y === 0) return undefined;
  return x === 0 ? 1 : 0;
}

/** A clip of one or two objects with its full caption, as the specification says. */
export function randomClip(random: () => number, count: 1 | 2): CaptionedClip {
  const { jitter, path } = clipScenes;
  const shift = (max: number) => {
    const steps = max / jitter.step;
    return jitter.step * (Math.floor(random() * (2 * steps + 1)) - steps);
  };
  const along = () => path.middle + shift(jitter.maxAlong);
  const across = () => path.middle + shift(jitter.maxAcross);
  const mover = (colour: ColourName, motion: MotionName, middle: Point): MovingObject => ({
    shape: pick(random, shapes),
    size: pick(random, sizes),
    colour,
    motion,
    middle,
  });
  const background = pick(random, backgrounds);
  const colour = pick(random, colours);
  if (count === 1) {
    const motion = pick(random, motions);
    const axis = axisOf(motion);
    const middle = [axis === 0 ? along() : across(), axis === 1 ? along() : across()] as const;
    const scene = { background, objects: [mover(colour, motion, middle)] };
    return { scene, caption: captionOf(scene) };
  }
  const axis = pick(random, [0, 1] as const);
  const other = pick(
    random,
    colours.filter((name) => name !== colour),
  );
  const lanes = random() < 0.5 ? path.lanes : [...path.lanes].reverse();
  const objects = [colour, other].map((name, i) => {
    const motion = pick(
      random,
      motions.filter((candidate) => axisOf(candidate) === axis || axisOf(candidate) === undefined),
    );
    const [way, lane] = [along(), lanes[i]!];
    return mover(name, motion, axis === 0 ? [way, lane] : [lane, way]);
  });
  const scene = { background, objects };
  return { scene, caption: captionOf(scene) };
}
