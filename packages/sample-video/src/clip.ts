import type { Picture } from "@paroattn/sample-image";
import { SampleVideoError } from "./errors.js";

/** Frames in order of time, all of one size. */
export type Clip = readonly Picture[];

/** @throws SampleVideoError if there are no frames, their sizes differ or are not whole, or data does not fill a frame. */
export function assertClip(clip: Clip): void {
  const [first] = clip;
  if (first === undefined) throw new SampleVideoError("Expected a clip of frames but found none");
  const { width, height } = first;
  for (const [name, size] of Object.entries({ width, height })) {
    if (!Number.isInteger(size) || size < 1) {
      throw new SampleVideoError(`Expected a whole ${name} of at least 1 but found ${size}`);
    }
  }
  for (const [i, frame] of clip.entries()) {
    if (frame.width !== width || frame.height !== height) {
      throw new SampleVideoError(
        `Expected frames of ${width}x${height} but found ${frame.width}x${frame.height} in frame ${i}`,
      );
    }
    if (frame.data.length !== width * height * 3) {
      throw new SampleVideoError(
        `Expected ${width * height * 3} bytes of RGB for ${width}x${height} but found ${frame.data.length} in frame ${i}`,
      );
    }
  }
}
