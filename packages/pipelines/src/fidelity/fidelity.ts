import { checkPictures } from "./check-pictures.js";
import type { Picture } from "./picture.js";
import { structuralSimilarity } from "./structural-similarity.js";

/** How close a picture is to a reference of the same seed. */
export interface Fidelity {
  /** Peak signal-to-noise ratio on 8-bit RGB, in dB; Infinity for equal pictures. */
  readonly psnr: number;
  /** Structural similarity, 1 for equal pictures; see `structuralSimilarity`. */
  readonly ssim: number;
  /** Cosine of the angle between the two pictures as vectors in [-1, 1], the autoencoder's own range. */
  readonly cosine: number;
  /** Sum |a - b| / sum |a| in the same range, a being the reference. */
  readonly relativeL1: number;
}

/**
 * Compares one picture with the reference, both of one size, at least 11x11.
 *
 * @throws PipelineError when the sizes differ, are too small, or a picture has too few or too many bytes.
 */
export function compareWithReference(reference: Picture, picture: Picture): Fidelity {
  checkPictures(reference, picture);
  let squares = 0;
  let absolute = 0;
  let referenceAbsolute = 0;
  let product = 0;
  let referenceNorm = 0;
  let pictureNorm = 0;
  for (let i = 0; i < reference.data.length; i++) {
    const a = reference.data[i]! / 127.5 - 1;
    const b = picture.data[i]! / 127.5 - 1;
    squares += (reference.data[i]! - picture.data[i]!) ** 2;
    absolute += Math.abs(a - b);
    referenceAbsolute += Math.abs(a);
    product += a * b;
    referenceNorm += a * a;
    pictureNorm += b * b;
  }
  const meanSquare = squares / reference.data.length;
  return {
    psnr: meanSquare === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(255 ** 2 / meanSquare),
    ssim: structuralSimilarity(reference, picture),
    cosine: product / Math.sqrt(referenceNorm * pictureNorm),
    relativeL1: absolute / referenceAbsolute,
  };
}
