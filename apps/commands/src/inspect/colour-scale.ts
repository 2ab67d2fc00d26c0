/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Lightness, and the two colour axes, of OKLab (Ottosson 2020), in which equal distances look alike. */
type OkLab = readonly [number, number, number];

const STEPS = 256;

/** Dark violet over blue and green to bright yellow: [lightness, chroma, hue in degrees]. */
const PATH: readonly (readonly [number, number, number])[] = [
  [0.2, 0.09, 305],
  [0.38, 0.13, 278],
  [0.54, 0.11, 235],
  [0.7, 0.12, 175],
  [0.83, 0.17, 130],
  [0.95, 0.17, 103],
];

/** 256 colours from dark to light, each as far from the next as any other. */
export const COLOURS: readonly Rgb[] = evenly(PATH.map(fromPolar), STEPS).map(toRgb);

/** Greys for what is left out, light where there is little and dark where there is much. */
export const GREYS: readonly Rgb[] = evenly(
  [
    [0.97, 0, 0],
    [0.5, 0, 0],
  ],
  STEPS,
).map(toRgb);

/** The colour at `position`, 0 to 1, of a scale; beyond it, the nearest. */
export function colourAt(scale: readonly Rgb[], position: number): Rgb {
  const index = Math.round(Math.min(1, Math.max(0, position)) * (scale.length - 1));
  return scale[index]!;
}

/** "#rrggbb". */
export function hexColour(colour: Rgb): string {
  return `#${colour.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

function fromPolar([lightness, chroma, hue]: readonly [number, number, number]): OkLab {
  const angle = (hue * Math.PI) / 180;
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
}

function distance(a: OkLab, b: OkLab): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** Points at equal distances along straight lines between the given ones. */
function evenly(corners: readonly OkLab[], count: number): OkLab[] {
  const lengths = corners.slice(1).map((corner, index) => distance(corners[index]!, corner));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return Array.from({ length: count }, (_, index) => {
    let rest = (index / (count - 1)) * total;
    let line = 0;
    while (line < lengths.length - 1 && rest > lengths[line]!) rest -= lengths[line++]!;
    const share = rest / lengths[line]!;
    const [from, to] = [corners[line]!, corners[line + 1]!];
    const mix = (axis: 0 | 1 | 2) => from[axis] + (to[axis] - from[axis]) * share;
    return [mix(0), mix(1), mix(2)] as const;
  });
}

/** To 8-bit sRGB. */
function toRgb([lightness, a, b]: OkLab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** The transfer curve of sRGB. */
function encode(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}
