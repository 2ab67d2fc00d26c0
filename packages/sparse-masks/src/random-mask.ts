import { BlockMask } from "./block-mask.js";
import type { BlockMaskShape } from "./block-mask-data.js";
import { refuse } from "./errors.js";
import { seededGenerator } from "./seeded-generator.js";

export interface RandomMaskOptions extends BlockMaskShape {
  /** Share of live blocks, in (0, 1]. A row keeps at least one block even where that is more. */
  readonly density: number;
  /** A whole number; the same seed gives the same mask. */
  readonly seed: number;
}

/**
 * A random mask for benchmarks and tests. Balanced: the live blocks of any two rows differ by at most one,
 * and their number over all rows is `density` of all blocks, rounded down.
 */
export function randomMask(options: RandomMaskOptions): BlockMask {
  const { heads, queryBlocks, keyBlocks, density, seed } = options;
  if (!(density > 0 && density <= 1)) refuse("density in (0, 1]", density);
  const mask = BlockMask.empty(options);
  const random = seededGenerator(seed);
  const columns = Uint32Array.from({ length: keyBlocks }, (_, index) => index);
  const perRow = density * keyBlocks;
  for (let row = 0; row < heads * queryBlocks; row++) {
    const live = Math.max(1, Math.floor((row + 1) * perRow) - Math.floor(row * perRow));
    // The head of a Fisher-Yates shuffle is a uniform sample without repetition.
    for (let i = 0; i < live; i++) {
      const j = i + Math.floor(random() * (keyBlocks - i));
      const column = columns[j] as number;
      columns[j] = columns[i] as number;
      columns[i] = column;
      mask.set(Math.floor(row / queryBlocks), row % queryBlocks, column);
    }
  }
  return mask;
}
