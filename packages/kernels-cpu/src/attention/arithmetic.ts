import {
  type Arithmetic,
  type AttentionPrecision,
  resolvePrecision,
  UnsupportedError,
} from "@paroattn/backend";

/** How the CPU executes a precision. Throws an `UnsupportedError` for what it does not. */
export function arithmetic(precision: AttentionPrecision): Arithmetic {
  const { qk, pv } = resolvePrecision(precision);
  for (const type of [qk, pv]) {
    if (type !== "f32") {
      throw new UnsupportedError({ backend: "cpu", feature: `${type} attention` });
    }
  }
  return "native";
}
