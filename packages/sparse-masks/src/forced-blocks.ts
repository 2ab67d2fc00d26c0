import type { BlockPartition } from "@paroattn/reorder";
import { looksOnlyAtText } from "./text-only.js";

/**
 * Marks with 1, in [blocks, blocks], what is kept whatever the budget: every text row and column (PAROAttention §4.2) and,
 * of a head that looks at more than text, the heaviest visual key block of each visual query block (the first of equals).
 *
 * Text alone would keep a row alive, but a softmax over text alone gives text all the weight that the row has elsewhere;
 * and a head that the budget left nothing else could not be told from one that looks only at text, by which a mask says
 * that nothing is missing.
 *
 * @returns whether the head looks only at text.
 */
export function markForced(options: {
  readonly masses: Float32Array;
  readonly partition: BlockPartition;
  /** From which share of mass on text on a head looks only at text; none: no head does. */
  readonly textOnlyShare: number | undefined;
  /** Overwritten. */
  readonly forced: Uint8Array;
}): boolean {
  const { masses, partition, textOnlyShare: share, forced } = options;
  const { blocks, textBlocks, visualBlocks } = partition;
  const textOnly = looksOnlyAtText({ masses, partition, share });
  forced.fill(0);
  for (let queryBlock = 0; queryBlock < blocks; queryBlock++) {
    const row = queryBlock * blocks;
    if (queryBlock >= textBlocks.start && queryBlock < textBlocks.end) {
      forced.fill(1, row, row + blocks);
      continue;
    }
    forced.fill(1, row + textBlocks.start, row + textBlocks.end);
    if (textOnly) continue;
    let best = row + visualBlocks.start;
    for (let block = best + 1; block < row + visualBlocks.end; block++) {
      if ((masses[block] as number) > (masses[best] as number)) best = block;
    }
    forced[best] = 1;
  }
  return textOnly;
}
