import { describe, InvalidTensorError } from "./errors.js";

/** Sizes of each axis, slowest first. A scalar has the shape `[]`. */
export type Shape = readonly number[];

/**
 * The product of the sizes; 1 for a scalar.
 *
 * @throws InvalidTensorError if a size is not a whole number of at least 0, or the product leaves the safe integers.
 */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new InvalidTensorError(
        `Expected whole sizes of at least 0 in a shape but found ${describe(shape)}`,
      );
    }
    count *= size;
    if (!Number.isSafeInteger(count)) {
      throw new InvalidTensorError(
        `Expected a shape of at most ${Number.MAX_SAFE_INTEGER} elements but found ${describe(shape)}`,
      );
    }
  }
  return count;
}
