import type { Picture } from "@paroattn/sample-image";
import { distortions } from "../../sample-image/test/distort.js";
import type { Clip } from "../src/index.js";

type Distort = (frame: Picture, random: () => number) => Picture;

/** What a small autoencoder does to a clip, each alone and all at once; grain and colours change from frame to frame. */
export const clipDistortions: Readonly<Record<string, (clip: Clip, random: () => number) => Clip>> =
  {
    none: (clip) => clip,
    noise: each(distortions.noise!),
    soft: each(soften),
    colourShift: each(distortions.colourShift!),
    all: each((frame, random) =>
      distortions.noise!(soften(distortions.colourShift!(frame, random)), random),
    ),
  };

function each(distort: Distort) {
  return (clip: Clip, random: () => number) => clip.map((frame) => distort(frame, random));
}

/** Half of the pixel and a quarter of each neighbour, along both axes; beyond the border its last value goes on. */
function soften({ width, height, data }: Picture): Picture {
  const row = width * 3;
  const across = softenAlong(data, { step: 3, at: (i) => i % row, length: row });
  const both = softenAlong(across, { step: row, at: (i) => i, length: data.length });
  return { width, height, data: Uint8ClampedArray.from(both) };
}

/** `at` is where an index lies in its line, which is `length` long; `step` leads to the next pixel. */
function softenAlong(
  data: ArrayLike<number>,
  line: { readonly step: number; readonly at: (index: number) => number; readonly length: number },
): Float32Array {
  return Float32Array.from(data, (value, i) => {
    const before = line.at(i) >= line.step ? data[i - line.step]! : value;
    const after = line.at(i) + line.step < line.length ? data[i + line.step]! : value;
    return (before + 2 * value + after) / 4;
  });
}
