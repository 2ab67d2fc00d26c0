import { SampleImageError } from "./errors.js";
import type { Picture } from "./picture.js";
import {
  type BackgroundName,
  type ColourName,
  type Point,
  type Rgb,
  type ShapeName,
  type ShapeOutline,
  type SizeName,
  scenes,
} from "./scenes.js";

export interface SceneObject {
  readonly shape: ShapeName;
  readonly colour: ColourName;
  readonly size: SizeName;
  /** In pixels of a 256x256 picture. */
  readonly centre: Point;
}

export interface Scene {
  readonly background: BackgroundName;
  /** Later ones are drawn over earlier ones. */
  readonly objects: readonly SceneObject[];
}

/** Sample points a pixel, in x and in y. */
const SAMPLES = 4;

/**
 * Draws a scene as `scenes.json` says, anti-aliased; the same scene gives the same bytes, and those of the training's renderer.
 *
 * @param options.size side of the picture in pixels. Default: 256.
 * @throws SampleImageError if the size is not whole and positive.
 */
export function renderScene(scene: Scene, options: { readonly size?: number } = {}): Picture {
  const { size: side = scenes.picture.width } = options;
  if (!Number.isInteger(side) || side < 1) {
    throw new SampleImageError(`Expected a whole size of at least 1 but found ${side}`);
  }
  const data = new Uint8Array(side * side * 3);
  const background = scenes.backgrounds[scene.background];
  for (let i = 0; i < data.length; i++) data[i] = background[i % 3]!;
  const scale = side / scenes.picture.width;
  for (const { shape, colour, size, centre } of scene.objects) {
    const region = { outline: scenes.shapes[shape], centre, size: scenes.sizes[size], scale, side };
    for (const { pixel, covered } of coveredPixels(region)) {
      blend({ data, offset: pixel * 3, colour: scenes.colours[colour], share: covered });
    }
  }
  return { width: side, height: side, data };
}

interface Region {
  readonly outline: ShapeOutline;
  readonly centre: Point;
  readonly size: number;
  readonly scale: number;
  readonly side: number;
}

/** Indices of the pixels that an outline touches, and which share of each it covers. */
function* coveredPixels({ outline, centre, size, scale, side }: Region) {
  const [cx, cy] = [centre[0] * scale, centre[1] * scale];
  const width = size * scale;
  const first = (c: number) => Math.max(0, Math.floor(c - width / 2));
  const last = (c: number) => Math.min(side, Math.ceil(c + width / 2));
  const left = first(cx);
  const counts = new Uint8Array(Math.max(0, last(cx) - left));
  for (let y = first(cy); y < last(cy); y++) {
    counts.fill(0);
    for (let k = 0; k < SAMPLES; k++) {
      const inside = insideRow(outline, (y + (k + 0.5) / SAMPLES - cy) / width);
      for (let sample = 0; sample < counts.length * SAMPLES; sample++) {
        const x = left + (sample + 0.5) / SAMPLES;
        if (inside((x - cx) / width)) counts[Math.floor(sample / SAMPLES)]! += 1;
      }
    }
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] === 0) continue;
      yield { pixel: y * side + left + i, covered: counts[i]! / SAMPLES ** 2 };
    }
  }
}

/** The points of one horizontal line that lie inside an outline; all in units of the size. */
function insideRow(outline: ShapeOutline, y: number): (x: number) => boolean {
  if ("radius" in outline) return (x) => x * x + y * y <= outline.radius ** 2;
  const crossings: number[] = [];
  for (const [i, [x0, y0]] of outline.polygon.entries()) {
    const [x1, y1] = outline.polygon[(i + 1) % outline.polygon.length]!;
    if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) * (x1 - x0)) / (y1 - y0));
  }
  return (x) => {
    let inside = false;
    for (const crossing of crossings) if (x < crossing) inside = !inside;
    return inside;
  };
}

function blend(options: {
  readonly data: Uint8Array;
  readonly offset: number;
  readonly colour: Rgb;
  readonly share: number;
}): void {
  const { data, offset, colour, share } = options;
  for (let channel = 0; channel < 3; channel++) {
    const below = data[offset + channel]!;
    data[offset + channel] = Math.floor(below + (colour[channel]! - below) * share + 0.5);
  }
}
