/**
 * Ranges of codes. `s8` and `s4` are symmetric, -127..127 and -7..7; the others hold softmax weights, which are never
 * negative: `u7` 0..127 fits signed bytes too, `u8` 0..255, `u4` 0..15.
 */
export type CodeRange = keyof typeof LARGEST_CODE;

/**
 * The code that the largest magnitude of a group gets. Of Q·K and P·V alike, sums of up to 518 products of codes are below
 * 2^24 (518 * 255 * 127), so that float32 arithmetic on codes is exact.
 */
export const LARGEST_CODE = Object.freeze({ s8: 127, s4: 7, u7: 127, u8: 255, u4: 15 });

/** One code an element: signed in an Int8Array, unsigned in a Uint8Array. */
export type Codes = Int8Array | Uint8Array;

/** The smallest normal float32. GPUs flush smaller scales to zero, and their reciprocals may overflow. */
const SMALLEST_SCALE = 2 ** -126;

/** The float32 scale of a group with this largest magnitude; undefined for a group that counts as zeros. */
export function groupScale(magnitude: number, largestCode: number): number | undefined {
  const scale = Math.fround(magnitude / largestCode);
  return scale < SMALLEST_SCALE ? undefined : scale;
}

/** What is stored as the scale of a group of zeros. */
export const ZERO_GROUP_SCALE = 1;

/** From here on float64 has no fractions, so that adding it rounds, and by IEEE 754 to even on a tie. */
const NO_FRACTIONS = 1.5 * 2 ** 52;

/** The nearest integer, the even one of two: C's `rint`. For magnitudes below 2^51. */
export function roundHalfEven(x: number): number {
  return x + NO_FRACTIONS - NO_FRACTIONS;
}
