import type { BlockMaskData } from "@paroattn/sparse-masks";
import type { Random } from "../random.js";
import type { MaskSpec } from "./spec.js";

/**
 * A mask with at least one live block in each query block. Random masks keep key block 0, so that short key lengths
 * leave every query a valid key.
 */
export function randomMask(options: {
  readonly sizes: Omit<BlockMaskData, "bits">;
  readonly spec: MaskSpec;
  readonly random: Random;
}): BlockMaskData {
  const { sizes, spec, random } = options;
  const { heads, queryBlocks, keyBlocks } = sizes;
  const headBytes = Math.ceil((queryBlocks * keyBlocks) / 8);
  const bits = new Uint8Array(heads * headBytes);
  for (let head = 0; head < heads; head++) {
    for (let queryBlock = 0; queryBlock < queryBlocks; queryBlock++) {
      const only = spec.kind === "random" ? 0 : random.integer(keyBlocks);
      for (let keyBlock = 0; keyBlock < keyBlocks; keyBlock++) {
        const chosen = spec.kind === "random" && random.uniform() < spec.density;
        if (spec.kind === "full" || keyBlock === only || chosen) {
          const bit = queryBlock * keyBlocks + keyBlock;
          bits[head * headBytes + (bit >> 3)]! |= 1 << (bit & 7);
        }
      }
    }
  }
  return { ...sizes, bits };
}

/** The blocks that `mask` leaves out. */
export function complement(mask: BlockMaskData): BlockMaskData {
  const { heads, queryBlocks, keyBlocks } = mask;
  const blocks = queryBlocks * keyBlocks;
  const headBytes = Math.ceil(blocks / 8);
  const bits = mask.bits.map((byte) => ~byte);
  // The bits behind a head's last block stay clear.
  for (let head = 0; head < heads && blocks % 8 !== 0; head++) {
    bits[(head + 1) * headBytes - 1]! &= (1 << (blocks % 8)) - 1;
  }
  return { heads, queryBlocks, keyBlocks, bits };
}
