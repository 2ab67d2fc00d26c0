import { type BlockPartition, blockLength } from "@paroattn/reorder";
import type { BlockMaskData } from "./block-mask-data.js";
import { refuse } from "./errors.js";

export interface MaskDensityOptions {
  readonly mask: BlockMaskData;
  readonly queryPartition: BlockPartition;
  readonly keyPartition: BlockPartition;
}

/** Valid query-key pairs in live blocks / all valid pairs, over the mask's heads. */
export function maskDensity(options: MaskDensityOptions): number {
  const { mask, queryPartition, keyPartition } = options;
  const { heads, queryBlocks, keyBlocks, bits } = mask;
  if (queryPartition.blocks !== queryBlocks) {
    refuse(`a query partition of ${queryBlocks} blocks`, queryPartition.blocks);
  }
  if (keyPartition.blocks !== keyBlocks) {
    refuse(`a key partition of ${keyBlocks} blocks`, keyPartition.blocks);
  }
  const keys = Array.from({ length: keyBlocks }, (_, block) => blockLength(keyPartition, block));
  const headBytes = bits.length / heads;
  // Whole numbers below 2^53, so the sum is exact.
  let pairs = 0;
  for (let head = 0; head < heads; head++) {
    for (let queryBlock = 0; queryBlock < queryBlocks; queryBlock++) {
      let live = 0;
      for (let keyBlock = 0; keyBlock < keyBlocks; keyBlock++) {
        const block = queryBlock * keyBlocks + keyBlock;
        const byte = bits[head * headBytes + (block >> 3)] as number;
        if ((byte >> (block & 7)) & 1) live += keys[keyBlock] as number;
      }
      pairs += live * blockLength(queryPartition, queryBlock);
    }
  }
  return pairs / (heads * queryPartition.tokens * keyPartition.tokens);
}
