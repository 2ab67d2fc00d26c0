import type { BlockPartition } from "@paroattn/reorder";
import type { BlockMaskData } from "./block-mask-data.js";
import { refuse } from "./errors.js";

/** Throws a `SparseMaskError` for a share outside (0, 1]. */
export function checkTextOnlyShare(share: number | undefined): void {
  if (share !== undefined && !(share > 0 && share <= 1)) refuse("textOnlyShare in (0, 1]", share);
}

/**
 * Whether a head looks only at text: each of its visual query blocks has at least this share of its mass there.
 * Never without text.
 */
export function looksOnlyAtText(options: {
  readonly masses: Float32Array;
  readonly partition: BlockPartition;
  /** None: no head does. */
  readonly share: number | undefined;
}): boolean {
  const { masses, partition, share } = options;
  const { blocks, textBlocks, visualBlocks } = partition;
  if (share === undefined || textBlocks.start === textBlocks.end) return false;
  for (let query = visualBlocks.start; query < visualBlocks.end; query++) {
    let text = 0;
    let all = 0;
    for (let key = 0; key < blocks; key++) {
      const mass = masses[query * blocks + key] as number;
      all += mass;
      if (key >= textBlocks.start && key < textBlocks.end) text += mass;
    }
    if (text < share * all) return false;
  }
  return true;
}

/**
 * Of each head, whether its visual tokens are left with text alone: no block between visual tokens is live. Masks that
 * `maskMaker` makes leave that to heads that look only at text. False for all heads without text. Throws a `SparseMaskError` where the partition has another number of blocks than the mask.
 */
export function textOnlyHeads(mask: BlockMaskData, partition: BlockPartition): boolean[] {
  const { blocks, textBlocks, visualBlocks } = partition;
  if (blocks !== mask.queryBlocks || blocks !== mask.keyBlocks) {
    refuse(
      `a partition of ${mask.queryBlocks} x ${mask.keyBlocks} blocks`,
      `${blocks} x ${blocks}`,
    );
  }
  const headBytes = mask.bits.length / mask.heads;
  return Array.from({ length: mask.heads }, (_, head) => {
    if (textBlocks.start === textBlocks.end) return false;
    for (let query = visualBlocks.start; query < visualBlocks.end; query++) {
      for (let key = visualBlocks.start; key < visualBlocks.end; key++) {
        const block = query * blocks + key;
        const byte = mask.bits[head * headBytes + (block >> 3)] as number;
        if ((byte >> (block & 7)) & 1) return false;
      }
    }
    return true;
  });
}
