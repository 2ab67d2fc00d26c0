/**
 * Non-negative float32 numbers sort like their bit patterns. The upper 16 bits index a first histogram and the lower 16
 * a second one of the bin where the threshold falls, so two passes find the threshold exactly, in half a megabyte.
 */
export const BINS = 65536;

const float = new Float32Array(1);
const pattern = new Uint32Array(float.buffer);

/** The bits of a number of 0 or more, as an unsigned integer. */
export function bitsOf(value: number): number {
  float[0] = value + 0; // -0 has the sign bit set; adding 0 clears it
  return pattern[0] as number;
}

/** The number with these bits. */
export function floatOf(bits: number): number {
  pattern[0] = bits;
  return float[0] as number;
}

/** Where a budget ends, walking down from the highest bin. */
export interface Crossing {
  /** The first bin that does not fit whole; undefined where everything fits. */
  readonly bin: number | undefined;
  /** The budget that is left for that bin. */
  readonly left: number;
}

/** Spends a budget on whole bins, from the highest down. */
export function findCrossing(histogram: Float64Array, budget: number): Crossing {
  let left = budget;
  for (let bin = histogram.length - 1; bin >= 0; bin--) {
    const weight = histogram[bin] as number;
    if (weight > left) return { bin, left };
    left -= weight;
  }
  return { bin: undefined, left };
}
