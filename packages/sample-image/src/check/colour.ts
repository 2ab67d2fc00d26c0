import { type BackgroundName, type ColourName, names, type Rgb, scenes } from "../scenes.js";

export type PaletteName = ColourName | BackgroundName;

const palette: readonly (readonly [PaletteName, Rgb])[] = [
  ...names(scenes.colours).map((name) => [name, scenes.colours[name]] as const),
  ...names(scenes.backgrounds).map((name) => [name, scenes.backgrounds[name]] as const),
];

function squaredDistance(a: Rgb, b: Rgb): number {
  const [red, green, blue] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  return red * red + green * green + blue * blue;
}

/** The nearest of all object and background colours. */
export function nearestName(colour: Rgb): PaletteName {
  let best: PaletteName = "white";
  let least = Number.POSITIVE_INFINITY;
  for (const [name, other] of palette) {
    const distance = squaredDistance(colour, other);
    if (distance < least) {
      best = name;
      least = distance;
    }
  }
  return best;
}

export function isColour(name: PaletteName): name is ColourName {
  return Object.hasOwn(scenes.colours, name);
}

export function isBackground(name: PaletteName): name is BackgroundName {
  return Object.hasOwn(scenes.backgrounds, name);
}

/**
 * What differs from the background by more than this is something: half the distance of the most similar pair of an
 * object and a background colour (purple on grey).
 */
export const leastContrast: number =
  Math.sqrt(
    Math.min(
      ...Object.values(scenes.colours).flatMap((colour) =>
        Object.values(scenes.backgrounds).map((background) => squaredDistance(colour, background)),
      ),
    ),
  ) / 2;

/** The median of each channel; it takes no notice of a minority of outliers. */
export function medianColour(colours: readonly Rgb[]): Rgb {
  const channel = (index: 0 | 1 | 2) => {
    const sorted = Float32Array.from(colours, (colour) => colour[index]).sort();
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  return [channel(0), channel(1), channel(2)];
}
