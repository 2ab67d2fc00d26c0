import { setImmediate as nextTurn } from "node:timers/promises";
import type { Tensor } from "@paroattn/tensor";

/** Exponent bits of a half-width float; all set in infinities and NaNs. */
const EXPONENT = { f16: 0x7c00, bf16: 0x7f80 } as const;
/** Elements between two turns of the event loop: some milliseconds. */
const PIECE = 4 * 1024 * 1024;

/**
 * Index of the first element that is NaN or infinite, or -1. Integer tensors have none. A large tensor is searched in
 * pieces, with time for the rest of the process and a look at the signal between them.
 */
export async function findNonFinite(tensor: Tensor, signal?: AbortSignal): Promise<number> {
  for (let start = 0; start < tensor.data.length; start += PIECE) {
    if (start > 0) await nextTurn();
    signal?.throwIfAborted();
    const end = Math.min(start + PIECE, tensor.data.length);
    const index = firstNonFinite(tensor, { start, end });
    if (index >= 0) return index;
  }
  return -1;
}

/** The same at once, for small tensors or a part of one. Default: all of it. */
export function firstNonFinite(
  { dtype, data }: Tensor,
  { start, end } = { start: 0, end: data.length },
): number {
  if (dtype === "f32") {
    for (let i = start; i < end; i++) if (!Number.isFinite(data[i])) return i;
  } else if (dtype === "f16" || dtype === "bf16") {
    const exponent = EXPONENT[dtype];
    for (let i = start; i < end; i++) if ((data[i]! & exponent) === exponent) return i;
  }
  return -1;
}
