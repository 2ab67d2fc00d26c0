import type { Picture } from "../picture.js";
import {
  type BackgroundName,
  type ColourName,
  names,
  type PlaceName,
  type Point,
  type Rgb,
  type ShapeName,
  type SizeName,
  scenes,
} from "../scenes.js";
import { isBackground, isColour, leastContrast, medianColour, nearestName } from "./colour.js";
import { centroid, normalise, shapeTemplates, similarity } from "./outline.js";
import { connectedRegions, core, flood, type Region } from "./regions.js";
import { colourAt, type SmoothPicture, smooth } from "./smooth.js";

/** An object seen in a picture. */
export interface FoundObject {
  /** Undefined if it is no nearer to its best shape than another shape is. */
  readonly shape: ShapeName | undefined;
  /** Undefined if no colour has the majority, or it is a background's. */
  readonly colour: ColourName | undefined;
  readonly size: SizeName;
  readonly place: PlaceName;
  /** In pixels of a 256x256 picture. */
  readonly centre: Point;
  /** Overlap with its best shape at equal area: intersection / union. */
  readonly similarity: number;
}

export interface PictureContent {
  /** Undefined if the border is nearer to an object's colour. */
  readonly background: BackgroundName | undefined;
  /** Largest first. */
  readonly objects: readonly FoundObject[];
}

/** What a picture of the sample scenes shows, whatever its caption. */
export function findObjects(picture: Picture): PictureContent {
  const smoothed = smooth(picture);
  const background = borderColour(smoothed);
  const name = nearestName(background);
  const smallest = Math.min(...shapeTemplates().map(({ area }) => area)) * scenes.sizes.small ** 2;
  // A quarter of the smallest object's area, half its width, is no object any more but a speck.
  const leastArea = smallest / 4 / unitsPerPixel(picture);
  const candidates = connectedRegions(smoothed, differsFrom(smoothed, background));
  const seen = new Uint8Array(picture.width * picture.height);
  const objects: FoundObject[] = [];
  for (const candidate of candidates.sort((a, b) => b.length - a.length)) {
    if (candidate.length < leastArea) break;
    const inner = core(smoothed, candidate);
    const colours = inner.map((pixel) => colourAt(smoothed, pixel));
    const colour = medianColour(colours);
    const inside = beyondTheMiddle({ smoothed, background, colour });
    const region = flood({ grid: smoothed, start: inner, seen, belongs: inside });
    if (region.length >= leastArea)
      objects.push(describeObject({ picture, region, colours, colour }));
  }
  return { background: isBackground(name) ? name : undefined, objects };
}

/** No object comes within four pixels of a 256x256 picture's border. */
function borderColour(smoothed: SmoothPicture): Rgb {
  const { width, height } = smoothed;
  const pixels: number[] = [];
  for (let x = 0; x < width; x++) pixels.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) pixels.push(y * width, y * width + width - 1);
  return medianColour(pixels.map((pixel) => colourAt(smoothed, pixel)));
}

function differsFrom({ values }: SmoothPicture, [r, g, b]: Rgb): (pixel: number) => boolean {
  const least = leastContrast ** 2;
  return (pixel) => {
    const red = values[pixel * 3]! - r;
    const green = values[pixel * 3 + 1]! - g;
    const blue = values[pixel * 3 + 2]! - b;
    return red * red + green * green + blue * blue > least;
  };
}

/** Whether a pixel is nearer to the object than to the background, along the line between their colours. */
function beyondTheMiddle(options: {
  readonly smoothed: SmoothPicture;
  readonly background: Rgb;
  readonly colour: Rgb;
}): (pixel: number) => boolean {
  const { smoothed, background, colour } = options;
  const { values } = smoothed;
  const [r, g, b] = [0, 1, 2].map((i) => colour[i]! - background[i]!) as [number, number, number];
  const middle = [0, 1, 2].map((i) => (colour[i]! + background[i]!) / 2);
  const least = r * middle[0]! + g * middle[1]! + b * middle[2]!;
  return (pixel) =>
    values[pixel * 3]! * r + values[pixel * 3 + 1]! * g + values[pixel * 3 + 2]! * b >= least;
}

/** The area of a pixel in pixels of a 256x256 picture. */
function unitsPerPixel({ width, height }: Picture): number {
  return (scenes.picture.width / width) * (scenes.picture.height / height);
}

function describeObject(options: {
  readonly picture: Picture;
  readonly region: Region;
  readonly colours: readonly Rgb[];
  readonly colour: Rgb;
}): FoundObject {
  const { picture, region, colours, colour } = options;
  const outline = normalise(picture, region);
  const ranked = shapeTemplates()
    .map((template) => ({ template, similarity: similarity(outline, template.outline) }))
    .sort((a, b) => b.similarity - a.similarity);
  const best = ranked[0]!;
  const width = Math.sqrt((region.length * unitsPerPixel(picture)) / best.template.area);
  const [x, y] = centroid(picture, region);
  const centre: Point = [
    (x / picture.width) * scenes.picture.width - best.template.offset[0] * width,
    (y / picture.height) * scenes.picture.height - best.template.offset[1] * width,
  ];
  const name = nearestName(colour);
  const votes = colours.filter((other) => nearestName(other) === name).length;
  return {
    shape: best.similarity > best.template.leastSimilarity ? best.template.shape : undefined,
    colour: isColour(name) && votes > colours.length / 2 ? name : undefined,
    size: nearest(names(scenes.sizes), (size) => Math.abs(Math.log(scenes.sizes[size] / width))),
    place: nearest(names(scenes.places), (place) => {
      const [px, py] = scenes.places[place];
      return Math.hypot(px - centre[0], py - centre[1]);
    }),
    centre,
    similarity: best.similarity,
  };
}

function nearest<Name>(options: readonly Name[], distance: (name: Name) => number): Name {
  return options.reduce((best, name) => (distance(name) < distance(best) ? name : best));
}
