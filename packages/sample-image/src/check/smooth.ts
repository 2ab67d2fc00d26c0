import type { Picture } from "../picture.js";
import type { Rgb } from "../scenes.js";

/** A picture in floats, after smoothing. */
export interface SmoothPicture {
  readonly width: number;
  readonly height: number;
  /** The colour of a pixel by its row-major index. */
  at(pixel: number): Rgb;
}

/** Averages 3x3 pixels (fewer at the border): a decoder's grain goes, straight edges stay where they are. */
export function smooth({ width, height, data }: Picture): SmoothPicture {
  const rows = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = Math.max(0, x - 1);
      const to = Math.min(width - 1, x + 1);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let i = from; i <= to; i++) sum += data[(y * width + i) * 3 + channel]!;
        rows[(y * width + x) * 3 + channel] = sum / (to - from + 1);
      }
    }
  }
  const smoothed = new Float32Array(data.length);
  const stride = width * 3;
  for (let y = 0; y < height; y++) {
    const from = Math.max(0, y - 1);
    const to = Math.min(height - 1, y + 1);
    for (let i = 0; i < stride; i++) {
      let sum = 0;
      for (let row = from; row <= to; row++) sum += rows[row * stride + i]!;
      smoothed[y * stride + i] = sum / (to - from + 1);
    }
  }
  const at = (pixel: number): Rgb => [
    smoothed[pixel * 3]!,
    smoothed[pixel * 3 + 1]!,
    smoothed[pixel * 3 + 2]!,
  ];
  return { width, height, at };
}
