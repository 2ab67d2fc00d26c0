import {
  type BackgroundName,
  type ColourName,
  type PlaceName,
  type Point,
  type RelationName,
  type Scene,
  type SceneObject,
  type ShapeName,
  type SizeName,
  scenes,
} from "../src/index.js";

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

export const shapes = Object.keys(scenes.shapes) as ShapeName[];
export const colours = Object.keys(scenes.colours) as ColourName[];
export const sizes = Object.keys(scenes.sizes) as SizeName[];
export const places = Object.keys(scenes.places) as PlaceName[];
export const backgrounds = Object.keys(scenes.backgrounds) as BackgroundName[];
export const relations = Object.keys(scenes.relations) as RelationName[];

export interface CaptionedScene {
  readonly scene: Scene;
  readonly where: PlaceName | RelationName;
  readonly caption: string;
}

export function phrase({ size, colour, shape }: Omit<SceneObject, "centre">): string {
  return `a ${size} ${colour} ${shape}`;
}

export function captionOf(scene: Scene, where: PlaceName | RelationName): string {
  const [first, second] = scene.objects;
  const tail = `on a ${scene.background} background`;
  if (second === undefined) return `${phrase(first!)} at the ${where} ${tail}`;
  return `${phrase(first!)} ${where} ${phrase(second)} ${tail}`;
}

/** A scene of one or two objects with its full caption, as the specification says. */
export function randomScene(random: () => number, count: 1 | 2): CaptionedScene {
  const { jitter } = scenes;
  const shift = (max: number) => {
    const steps = max / jitter.step;
    return jitter.step * (Math.floor(random() * (2 * steps + 1)) - steps);
  };
  const moved = ([x, y]: Point, [dx, dy]: Point): Point => [x + shift(dx), y + shift(dy)];
  const thing = (colour: ColourName, centre: Point): SceneObject => ({
    shape: pick(random, shapes),
    size: pick(random, sizes),
    colour,
    centre,
  });
  const background = pick(random, backgrounds);
  const colour = pick(random, colours);
  if (count === 1) {
    const where = pick(random, places);
    const max = jitter.one.max;
    const objects = [thing(colour, moved(scenes.places[where], [max, max]))];
    const scene = { background, objects };
    return { scene, where, caption: captionOf(scene, where) };
  }
  const where = pick(random, relations);
  const { maxAlong, maxAcross } = jitter.two;
  const horizontal = where === "left of" || where === "right of";
  const limits: Point = horizontal ? [maxAlong, maxAcross] : [maxAcross, maxAlong];
  const { first, second } = scenes.relations[where];
  const other = pick(
    random,
    colours.filter((name) => name !== colour),
  );
  const objects = [thing(colour, moved(first, limits)), thing(other, moved(second, limits))];
  const scene = { background, objects };
  return { scene, where, caption: captionOf(scene, where) };
}
