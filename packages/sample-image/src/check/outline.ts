import { renderScene } from "../render.js";
import { names, type Point, type ShapeName, scenes } from "../scenes.js";
import type { Grid, Region } from "./regions.js";

/** Cells a side of a normalised outline. */
const CELLS = 48;
/** Half its width, in square roots of the area; a test holds that every shape fits. */
const REACH = 1.25;

/** A region's outline at unit area around its centroid, [CELLS, CELLS], row-major: size and place are divided out. */
export type NormalisedOutline = Uint8Array;

export function centroid(grid: Grid, region: Region): Point {
  let x = 0;
  let y = 0;
  for (const pixel of region) {
    x += (pixel % grid.width) + 0.5;
    y += Math.floor(pixel / grid.width) + 0.5;
  }
  return [x / region.length, y / region.length];
}

export function normalise(grid: Grid, region: Region): NormalisedOutline {
  const members = new Uint8Array(grid.width * grid.height);
  for (const pixel of region) members[pixel] = 1;
  const [cx, cy] = centroid(grid, region);
  const cell = (2 * REACH * Math.sqrt(region.length)) / CELLS;
  const at = (index: number, centre: number) =>
    Math.floor(centre + (index + 0.5 - CELLS / 2) * cell);
  const outline = new Uint8Array(CELLS * CELLS);
  for (let row = 0; row < CELLS; row++) {
    const y = at(row, cy);
    if (y < 0 || y >= grid.height) continue;
    for (let column = 0; column < CELLS; column++) {
      const x = at(column, cx);
      if (x >= 0 && x < grid.width) outline[row * CELLS + column] = members[y * grid.width + x]!;
    }
  }
  return outline;
}

/** Shared cells / cells of either: 1 for the same outline. */
export function similarity(a: NormalisedOutline, b: NormalisedOutline): number {
  let shared = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    shared += a[i]! & b[i]!;
    either += a[i]! | b[i]!;
  }
  return shared / either;
}

/** What a shape looks like, measured on its own rendering. */
export interface ShapeTemplate {
  readonly shape: ShapeName;
  readonly outline: NormalisedOutline;
  /** Area of the shape of size 1. */
  readonly area: number;
  /** From the centre to the centroid, in sizes. */
  readonly offset: Point;
  /** How similar another shape gets at most: what is less similar than that is not this shape. */
  readonly leastSimilarity: number;
}

function measure(shape: ShapeName): Omit<ShapeTemplate, "leastSimilarity"> {
  const centre = scenes.places.centre;
  const size = scenes.sizes.large;
  const objects = [{ shape, colour: "blue", size: "large", centre }] as const;
  const picture = renderScene({ background: "black", objects });
  const grid = { width: picture.width, height: picture.height };
  const half = (scenes.backgrounds.black[2] + scenes.colours.blue[2]) / 2;
  const region: number[] = [];
  for (let pixel = 0; pixel < grid.width * grid.height; pixel++) {
    if (picture.data[pixel * 3 + 2]! >= half) region.push(pixel);
  }
  const [x, y] = centroid(grid, region);
  return {
    shape,
    outline: normalise(grid, region),
    area: region.length / size ** 2,
    offset: [(x - centre[0]) / size, (y - centre[1]) / size],
  };
}

let made: readonly ShapeTemplate[] | undefined;

/** One template a shape, made when first asked for. */
export function shapeTemplates(): readonly ShapeTemplate[] {
  if (made === undefined) {
    const measured = names(scenes.shapes).map(measure);
    made = measured.map((template) => {
      const others = measured.filter((other) => other !== template);
      const similarities = others.map((other) => similarity(template.outline, other.outline));
      return { ...template, leastSimilarity: Math.max(...similarities) };
    });
  }
  return made;
}
