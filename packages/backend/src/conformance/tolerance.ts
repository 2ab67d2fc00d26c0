import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { FloatDType } from "../device-tensor.js";

/** Unit roundoff of f32, in which operators compute: 2^-24. */
export const UNIT_ROUNDOFF = 2 ** -24;

/**
 * Roundings allowed to exp, tanh, erf, division and square root together, in units of roundoff:
 * vectorized approximations are good to a few units each.
 */
export const FUNCTION_ROUNDINGS = 16;

/**
 * Error of a sum of `terms` products in f32, relative to the sum of the products' absolute values: 2 u sqrt(terms).
 * Rounding errors of a sum behave like a random walk (Higham and Mary, "A new approach to probabilistic rounding error
 * analysis", 2019), whatever the order of the additions; the factor 2 also covers the product's own rounding.
 */
export function sumRoundoff(terms: number): number {
  return 2 * UNIT_ROUNDOFF * Math.sqrt(Math.max(1, terms));
}

/** Significant bits of a half, the leading one counted, and its smallest normal exponent. */
const HALVES = { f16: { bits: 11, exponent: -14 }, bf16: { bits: 8, exponent: -126 } } as const;

/** Relative error of a number rounded to a dtype, to the nearest: 2^-24, 2^-11 (f16) or 2^-8 (bf16). */
export function unitRoundoff(dtype: FloatDType): number {
  return dtype === "f32" ? UNIT_ROUNDOFF : 2 ** -HALVES[dtype].bits;
}

/**
 * Half the distance between neighbours of a half precision dtype at a magnitude: the most that one rounding, to the
 * nearest, moves a number. 0 for f32, whose own rounding is part of the other tolerances.
 */
export function halfUnit(dtype: FloatDType, magnitude: number): number {
  if (dtype === "f32") return 0;
  const { bits, exponent } = HALVES[dtype];
  const own = magnitude > 0 ? Math.floor(Math.log2(magnitude)) : exponent;
  return 2 ** (Math.max(own, exponent) - bits);
}

/** |x| elementwise, as f32: the inputs with which an operator computes its accumulated magnitude. */
export function absolute(tensor: Tensor): Tensor<"f32"> {
  return { dtype: "f32", shape: tensor.shape, data: toFloat32(tensor).map(Math.abs) };
}

/** Largest derivative of an activation, rounded up (silu reaches 1.0998, gelu 1.129, relu 1): what it makes of an input's error. */
export const ACTIVATION_SLOPE = 1.13;
