import { partitionLayout, type TokenLayout } from "@paroattn/reorder";
import type { BlockMask } from "@paroattn/sparse-masks";
import { blockDistances } from "./block-distances.js";
import { checkBlocks, maskWithin, widestReach } from "./mask-within.js";

/** A band around the diagonal, in whole blocks; the same for all heads and in every order. */
export interface BandMask {
  readonly mask: BlockMask;
  /** Places in the order to either side. */
  readonly reach: number;
  /** Executed / all valid query-key pairs, text included. */
  readonly density: number;
}

/**
 * The widest band of at most a `density`: a token sees those at most `reach` places from it in its head's order; text sees and
 * is seen by all. Sparse VideoGen's mask of either kind of head (section 3.1): frame-major it is the neighbouring frames,
 * token-major the neighbouring places in all frames.
 *
 * Throws a `StrategyError` for a density below what the diagonal and the text take, and for fewer than two visual blocks.
 */
export function bandMask(options: {
  readonly layout: TokenLayout;
  readonly heads: number;
  readonly density: number;
}): BandMask {
  const { layout, heads, density } = options;
  const partition = partitionLayout(layout);
  checkBlocks(partition, layout);
  const { starts } = partition;
  const all = blockDistances(
    partition,
    (later, earlier) => starts[later]! - (starts[earlier + 1]! - 1),
  );
  const reach = widestReach(all, density);
  return { reach, ...maskWithin(all, { reach, heads }) };
}
