import type { Picture } from "../picture.js";
import type { Rgb } from "../scenes.js";

/** A picture in floats, after smoothing. */
export interface SmoothPicture {
  readonly width: number;
  readonly height: number;
  /** RGB, row-major, [height, width, 3]. */
  readonly values: Float32Array;
}

/** Averages 3x3 pixels (fewer at the border): a decoder's grain goes, straight edges stay where they are. */
export function smooth({ width, height, data }: Picture): SmoothPicture {
  const rows = averaged(data, { lines: height, length: width, stride: 3, lineStride: width * 3 });
  const values = averaged(rows, { lines: width, length: height, stride: width * 3, lineStride: 3 });
  return { width, height, values };
}

/** The mean of each value and its neighbours along one axis. */
function averaged(
  data: ArrayLike<number>,
  axes: { lines: number; length: number; stride: number; lineStride: number },
): Float32Array {
  const { lines, length, stride, lineStride } = axes;
  const means = new Float32Array(data.length);
  for (let line = 0; line < lines; line++) {
    for (let channel = 0; channel < 3; channel++) {
      let index = line * lineStride + channel;
      for (let i = 0; i < length; i++, index += stride) {
        let sum = data[index]!;
        if (i > 0) sum += data[index - stride]!;
        if (i < length - 1) sum += data[index + stride]!;
        means[index] = sum / (1 + (i > 0 ? 1 : 0) + (i < length - 1 ? 1 : 0));
      }
    }
  }
  return means;
}

/** The smoothed colour of a pixel by its row-major index. */
export function colourAt({ values }: SmoothPicture, pixel: number): Rgb {
  return [values[pixel * 3]!, values[pixel * 3 + 1]!, values[pixel * 3 + 2]!];
}
