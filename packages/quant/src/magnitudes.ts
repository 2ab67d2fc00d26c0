import { refuse } from "./errors.js";

/** Numbers up to here stay finite when decoded, whatever the rounding of their scale. */
export const LARGEST_MAGNITUDE = 2 ** 127;

/** Throws a `QuantError` for a number that is NaN or too large; `where` follows "magnitudes up to 2^127". */
export function checkMagnitudes(numbers: ArrayLike<number>, where: string): void {
  for (let i = 0; i < numbers.length; i++) {
    if (!(Math.abs(numbers[i]!) <= LARGEST_MAGNITUDE)) {
      refuse(`magnitudes up to 2^127 ${where} at element ${i}`, numbers[i]);
    }
  }
}
