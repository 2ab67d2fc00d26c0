import {
  type Arithmetic,
  type AttentionPrecision,
  resolvePrecision,
  UnsupportedError,
} from "@paroattn/backend";
import type { NativePrepareAttentionOptions } from "../native.js";

/** Bits of the codes of a type; 0 for floats. */
const BITS: Readonly<Record<string, number>> = { f32: 0, bf16: 0, int8: 8, int4: 4 };

/** Of the softmax map. */
const LARGEST_CODES = { u7: 127, u8: 255, u4: 15 } as const;

/**
 * How the CPU executes a precision: operands in f32 or bf16 with f32 arithmetic, and codes as integers. Throws an `UnsupportedError`
 * for what it does not.
 */
export function arithmetic(precision: AttentionPrecision): Arithmetic {
  checkSupported(resolvePrecision(precision));
  return "native";
}

function checkSupported({ qk, pv }: AttentionPrecision): void {
  for (const type of [qk, pv]) {
    if (!(type in BITS)) {
      throw new UnsupportedError({ backend: "cpu", feature: `${type} attention` });
    }
  }
  if ((qk === "bf16" && BITS[pv]! > 0) || (pv === "bf16" && BITS[qk]! > 0)) {
    throw new UnsupportedError({ backend: "cpu", feature: `${qk} attention with ${pv} values` });
  }
}

/** A resolved precision as the native front takes it. Throws as `arithmetic`. */
export function productsOf(
  precision: AttentionPrecision,
): Pick<
  NativePrepareAttentionOptions,
  | "queryKeyType"
  | "valueType"
  | "queryKeyBits"
  | "valueBits"
  | "smoothKeys"
  | "rank1Values"
  | "probabilityGroup"
  | "largestProbabilityCode"
> {
  checkSupported(precision);
  const { qk, pv, probabilityGroup, probabilityRange, valueScale, keySmoothing } = precision;
  return {
    queryKeyType: qk === "bf16" ? "bf16" : "f32",
    valueType: pv === "bf16" ? "bf16" : "f32",
    queryKeyBits: BITS[qk]!,
    valueBits: BITS[pv]!,
    smoothKeys: keySmoothing === true,
    rank1Values: valueScale === "rank1",
    probabilityGroup,
    largestProbabilityCode: probabilityRange && LARGEST_CODES[probabilityRange],
  };
}
