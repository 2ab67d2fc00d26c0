import { QUANTIZATIONS } from "@paroattn/quant";
import type { AttentionPrecision } from "../../attention-types.js";
import { resolvePrecision } from "../../operators/precision.js";

/** Every quantization of both products, and what comes of leaving one of its parts out. */
export const quantizedVariants: readonly AttentionPrecision[] = [
  ...QUANTIZATIONS.map(({ bits, ...choices }): AttentionPrecision => {
    const type = bits === 8 ? "int8" : "int4";
    return { qk: type, pv: type, ...choices };
  }),
  { qk: "int8", pv: "f32" } as const,
  { qk: "int4", pv: "f32" } as const,
  { qk: "int8", pv: "f32", keySmoothing: false } as const,
  { qk: "int8", pv: "int8", keySmoothing: false } as const,
  { qk: "int4", pv: "int8" } as const,
  { qk: "f32", pv: "int8" } as const,
].map((precision) => resolvePrecision(precision));

/** Such as "int8 and int8, tile u7 channelBlock, smoothed". */
export function variantName(precision: AttentionPrecision): string {
  const { qk, pv, probabilityGroup, probabilityRange, valueScale, keySmoothing } =
    resolvePrecision(precision);
  const parts = [`${qk} and ${pv}`];
  if (probabilityGroup) parts.push(`${probabilityGroup} ${probabilityRange} ${valueScale}`);
  if (keySmoothing !== undefined) parts.push(keySmoothing ? "smoothed" : "unsmoothed");
  return parts.join(", ");
}
