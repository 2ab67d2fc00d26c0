import { expected } from "../errors.js";
import type { Picture } from "./picture.js";

/** Side of the window of `structuralSimilarity`. */
const LEAST_SIDE = 11;

/** Pictures that can be compared: of one size, no smaller than a window, with all their bytes. Throws `PipelineError`. */
export function checkPictures(reference: Picture, picture: Picture): void {
  const { width, height } = reference;
  if (width !== picture.width || height !== picture.height) {
    throw expected({
      expected: `a picture of ${width}x${height} like its reference`,
      found: `${picture.width}x${picture.height}`,
    });
  }
  const sides = [width, height];
  if (!sides.every((side) => Number.isSafeInteger(side) && side >= LEAST_SIDE)) {
    throw expected({
      expected: `pictures of at least ${LEAST_SIDE}x${LEAST_SIDE} to compare`,
      found: `${width}x${height}`,
    });
  }
  for (const [name, { data }] of Object.entries({ reference, picture })) {
    if (data.length === 3 * width * height) continue;
    throw expected({
      expected: `${3 * width * height} bytes of RGB in the ${name} of ${width}x${height}`,
      found: String(data.length),
    });
  }
}
