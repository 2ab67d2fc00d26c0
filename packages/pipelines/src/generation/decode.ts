import type { Picture } from "../fidelity/picture.js";
import { refuseNonFinite } from "./refuse-non-finite.js";

/**
 * Planes [3, frames, height, width] in [-1, 1] to 8-bit RGB pictures, rounded as diffusers' `VaeImageProcessor` and NumPy
 * do. Throws `PipelineError` for numbers that are no picture.
 */
export function toPictures(
  data: Float32Array,
  { frames, height, width }: { frames: number; height: number; width: number },
): Picture[] {
  refuseNonFinite({
    data,
    name: "decoded picture",
    advice: "try a lower guidance, dense attention, or another checkpoint",
  });
  const pixels = height * width;
  return Array.from({ length: frames }, (_, frame) => {
    const rgb = new Uint8ClampedArray(3 * pixels);
    for (let channel = 0; channel < 3; channel++) {
      const plane = (channel * frames + frame) * pixels;
      for (let i = 0; i < pixels; i++) {
        const value = Math.fround(data[plane + i]! / 2 + 0.5);
        // A clamped array rounds halves to even.
        rgb[3 * i + channel] = Math.fround(value * 255);
      }
    }
    return { width, height, data: new Uint8Array(rgb.buffer) };
  });
}
