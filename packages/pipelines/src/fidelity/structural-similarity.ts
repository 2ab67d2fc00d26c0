import { checkPictures } from "./check-pictures.js";
import type { Picture } from "./picture.js";

const SIGMA = 1.5;
const RADIUS = 5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

const WINDOW = (() => {
  const weights = Array.from({ length: 2 * RADIUS + 1 }, (_, i) =>
    Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
})();

/** Gaussian mean of every window that lies wholly inside the picture. */
function windowMeans(plane: Float64Array, width: number, height: number): Float64Array {
  const innerWidth = width - 2 * RADIUS;
  const innerHeight = height - 2 * RADIUS;
  const rows = new Float64Array(innerWidth * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < innerWidth; x++) {
      let sum = 0;
      for (let i = 0; i < WINDOW.length; i++) sum += WINDOW[i]! * plane[y * width + x + i]!;
      rows[y * innerWidth + x] = sum;
    }
  }
  const means = new Float64Array(innerWidth * innerHeight);
  for (let y = 0; y < innerHeight; y++) {
    for (let x = 0; x < innerWidth; x++) {
      let sum = 0;
      for (let i = 0; i < WINDOW.length; i++) sum += WINDOW[i]! * rows[(y + i) * innerWidth + x]!;
      means[y * innerWidth + x] = sum;
    }
  }
  return means;
}

function channel(picture: Picture, index: number): Float64Array {
  return Float64Array.from(
    { length: picture.width * picture.height },
    (_, i) => picture.data[3 * i + index]!,
  );
}

/**
 * Structural similarity of two pictures of one size, at least 11x11 (Wang, Bovik, Sheikh, Simoncelli, 2004):
 * Gaussian window 11x11 with sigma 1.5, K1 = 0.01, K2 = 0.03, windows wholly inside, mean over RGB.
 *
 * @throws PipelineError when the sizes differ, are too small, or a picture has too few or too many bytes.
 */
export function structuralSimilarity(a: Picture, b: Picture): number {
  checkPictures(a, b);
  const { width, height } = a;
  let total = 0;
  for (let index = 0; index < 3; index++) {
    const planeA = channel(a, index);
    const planeB = channel(b, index);
    const meanA = windowMeans(planeA, width, height);
    const meanB = windowMeans(planeB, width, height);
    const squareA = windowMeans(
      planeA.map((v) => v * v),
      width,
      height,
    );
    const squareB = windowMeans(
      planeB.map((v) => v * v),
      width,
      height,
    );
    const product = windowMeans(
      planeA.map((v, i) => v * planeB[i]!),
      width,
      height,
    );
    let sum = 0;
    for (let i = 0; i < meanA.length; i++) {
      const covariance = product[i]! - meanA[i]! * meanB[i]!;
      const varianceA = squareA[i]! - meanA[i]! ** 2;
      const varianceB = squareB[i]! - meanB[i]! ** 2;
      sum +=
        ((2 * meanA[i]! * meanB[i]! + C1) * (2 * covariance + C2)) /
        ((meanA[i]! ** 2 + meanB[i]! ** 2 + C1) * (varianceA + varianceB + C2));
    }
    total += sum / meanA.length;
  }
  return total / 3;
}
