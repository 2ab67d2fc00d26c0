import type { BlockPartition } from "@paroattn/reorder";

/**
 * Marks with 1, in [blocks, blocks], what is kept whatever the budget: every text row and column (PAROAttention §4.2),
 * and where there is no text to keep a row alive, the heaviest key block of each query block (the first of equals).
 */
export function markForced(options: {
  readonly masses: Float32Array;
  readonly partition: BlockPartition;
  /** Overwritten. */
  readonly forced: Uint8Array;
}): void {
  const { masses, partition, forced } = options;
  const { blocks, textBlocks } = partition;
  forced.fill(0);
  for (let queryBlock = 0; queryBlock < blocks; queryBlock++) {
    const row = queryBlock * blocks;
    if (queryBlock >= textBlocks.start && queryBlock < textBlocks.end) {
      forced.fill(1, row, row + blocks);
      continue;
    }
    forced.fill(1, row + textBlocks.start, row + textBlocks.end);
    if (textBlocks.end > textBlocks.start) continue;
    let best = row;
    for (let block = row + 1; block < row + blocks; block++) {
      if ((masses[block] as number) > (masses[best] as number)) best = block;
    }
    forced[best] = 1;
  }
}
