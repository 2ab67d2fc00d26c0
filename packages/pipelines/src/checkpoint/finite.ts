import type { Tensor } from "@paroattn/tensor";

/** Exponent bits of a half-width float; all set in infinities and NaNs. */
const EXPONENT = { f16: 0x7c00, bf16: 0x7f80 } as const;

/** Index of the first element that is NaN or infinite, or -1. Integer tensors have none. */
export function findNonFinite({ dtype, data }: Tensor): number {
  if (dtype === "f32") {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  } else if (dtype === "f16" || dtype === "bf16") {
    const exponent = EXPONENT[dtype];
    for (let i = 0; i < data.length; i++) if ((data[i]! & exponent) === exponent) return i;
  }
  return -1;
}
