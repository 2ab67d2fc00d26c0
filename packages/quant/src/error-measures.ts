import { refuse } from "./errors.js";

export interface ErrorMeasuresOptions {
  /** What the numbers should be. */
  readonly reference: Float32Array | Float64Array;
  /** What they are, of the same length. */
  readonly data: Float32Array | Float64Array;
}

/** How far an array is from its reference. Equal arrays: 0, 0 and 1, zeros too. Against a reference of zeros: Infinity, Infinity and 0. */
export interface ErrorMeasures {
  /** Σ |data - reference| / Σ |reference| */
  readonly relativeL1: number;
  /** √Σ (data - reference)² / √Σ reference² */
  readonly relativeL2: number;
  /** data·reference / (|data| |reference|); 0 where one of the two is all zeros. */
  readonly cosine: number;
}

/** The error measures of any array, summed in float64. Throws a `QuantError` where lengths differ, or are 0, or a number is not finite. */
export function errorMeasures(options: ErrorMeasuresOptions): ErrorMeasures {
  const { reference, data } = options;
  if (reference.length === 0) refuse("at least one element", "none");
  if (data.length !== reference.length) {
    refuse(`${reference.length} elements of data, like the reference,`, data.length);
  }
  const sums = { difference: 0, reference: 0 };
  const squares = { difference: 0, reference: 0, data: 0 };
  let product = 0;
  for (let i = 0; i < reference.length; i++) {
    const a = reference[i]!;
    const b = data[i]!;
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      refuse(`finite numbers at element ${i}`, Number.isFinite(a) ? b : a);
    }
    sums.difference += Math.abs(b - a);
    sums.reference += Math.abs(a);
    squares.difference += (b - a) ** 2;
    squares.reference += a ** 2;
    squares.data += b ** 2;
    product += a * b;
  }
  const equal = sums.difference === 0;
  const norms = Math.sqrt(squares.data) * Math.sqrt(squares.reference);
  return {
    relativeL1: equal ? 0 : sums.difference / sums.reference,
    relativeL2: equal ? 0 : Math.sqrt(squares.difference / squares.reference),
    cosine: equal ? 1 : norms === 0 ? 0 : product / norms,
  };
}
