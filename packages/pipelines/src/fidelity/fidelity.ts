import { expected } from "../errors.js";
import { checkPictures } from "./check-pictures.js";
import type { Picture } from "./picture.js";
import { structuralSimilarity } from "./structural-similarity.js";

/** How close a picture or a video is to a reference of the same seed. */
export interface Fidelity {
  /** Peak signal-to-noise ratio on 8-bit RGB, in dB, the squared error pooled over frames; Infinity for equal ones. */
  readonly psnr: number;
  /** Structural similarity, 1 for equal pictures, the mean over frames; see `structuralSimilarity`. */
  readonly ssim: number;
  /** Cosine of the angle between the two as vectors in [-1, 1], the autoencoder's own range. */
  readonly cosine: number;
  /** Sum |a - b| / sum |a| in the same range, a being the reference. */
  readonly relativeL1: number;
}

/**
 * Compares a picture with the reference, or a video's frames with the reference's; all of one size, at least 11x11.
 *
 * @throws PipelineError when numbers of frames or sizes differ, sizes are too small, or a picture has too few or too many
 * bytes.
 */
export function compareWithReference(
  reference: Picture | readonly Picture[],
  picture: Picture | readonly Picture[],
): Fidelity {
  const references = framesOf(reference);
  const frames = framesOf(picture);
  if (references.length === 0 || references.length !== frames.length) {
    throw expected({
      expected: `as many frames as the reference has, ${Math.max(1, references.length)},`,
      found: String(frames.length),
    });
  }
  let values = 0;
  let squares = 0;
  let absolute = 0;
  let referenceAbsolute = 0;
  let product = 0;
  let referenceNorm = 0;
  let pictureNorm = 0;
  let similarity = 0;
  for (const [index, frame] of frames.entries()) {
    const other = references[index]!;
    checkPictures(other, frame);
    for (let i = 0; i < other.data.length; i++) {
      const a = other.data[i]! / 127.5 - 1;
      const b = frame.data[i]! / 127.5 - 1;
      squares += (other.data[i]! - frame.data[i]!) ** 2;
      absolute += Math.abs(a - b);
      referenceAbsolute += Math.abs(a);
      product += a * b;
      referenceNorm += a * a;
      pictureNorm += b * b;
    }
    values += other.data.length;
    similarity += structuralSimilarity(other, frame);
  }
  const meanSquare = squares / values;
  return {
    psnr: meanSquare === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(255 ** 2 / meanSquare),
    ssim: similarity / frames.length,
    cosine: product / Math.sqrt(referenceNorm * pictureNorm),
    relativeL1: absolute / referenceAbsolute,
  };
}

function framesOf(drawing: Picture | readonly Picture[]): readonly Picture[] {
  return "data" in drawing ? [drawing] : drawing;
}
