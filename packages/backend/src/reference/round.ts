import { fromFloat32, type Shape, type Tensor } from "@paroattn/tensor";
import type { FloatDType } from "../device-tensor.js";

/** Significant bits (the leading one counted), least exponent of a normal number, largest finite number. */
const FORMATS = {
  f16: { bits: 11, leastExponent: -14, largest: 65504 },
  bf16: { bits: 8, leastExponent: -126, largest: 2 ** 127 * (2 - 2 ** -7) },
} as const;

/**
 * The number of a dtype nearest to a float64, halves to even; beyond the dtype's range it is infinite. By way of f32
 * it would be rounded twice.
 */
export function roundTo(dtype: FloatDType, value: number): number {
  if (dtype === "f32") return Math.fround(value);
  if (!Number.isFinite(value) || value === 0) return value;
  const { bits, leastExponent, largest } = FORMATS[dtype];
  const unit = 2 ** (Math.max(exponentOf(value), leastExponent) - bits + 1);
  // Float64 itself rounds to a multiple of unit where its own last bit is worth as much.
  const shift = 1.5 * 2 ** 52 * unit;
  const rounded = value + shift - shift;
  if (Math.abs(rounded) > largest) return Math.sign(value) * Number.POSITIVE_INFINITY;
  return rounded === 0 ? 0 * Math.sign(value) : rounded;
}

/** Rounds to what a tensor of the dtype keeps, once. */
export function rounded(
  data: Float32Array | Float64Array,
  options: { readonly shape: Shape; readonly dtype: FloatDType },
): Tensor {
  const { shape, dtype } = options;
  if (data instanceof Float32Array && dtype === "f32") return { dtype, shape, data };
  const values = Float32Array.from(data, (value) => roundTo(dtype, value));
  return fromFloat32({ data: values, shape, dtype });
}

/** floor(log2 |value|). Exact, where Math.log2 may be off by one beside a power of two. */
function exponentOf(value: number): number {
  const magnitude = Math.abs(value);
  const guess = Math.floor(Math.log2(magnitude));
  if (2 ** guess > magnitude) return guess - 1;
  return 2 ** (guess + 1) <= magnitude ? guess + 1 : guess;
}
