import type { BlockPartition } from "@paroattn/reorder";
import type { HeadAddress } from "../mass-source.js";

/** One head, as a criterion that looks at one head at a time sees it. All arrays are [blocks, blocks] over (query block, key block). */
export interface HeadBlocks {
  readonly address: HeadAddress;
  readonly partition: BlockPartition;
  readonly masses: Float32Array;
  /** Valid query-key pairs of each block. */
  readonly pairs: Float64Array;
  /** 1 where a block is kept. Holds the forced blocks; the criterion adds its own. */
  readonly live: Uint8Array;
}

/**
 * Of blocks with equal masses, the one with the smaller rank is taken first. Ranks of different blocks differ, and those of
 * neighbours lie far apart, so that what is kept of a plateau is spread over it.
 */
export function tieRank(block: number): number {
  // Fibonacci hashing: an odd factor loses nothing modulo 2^32.
  return Math.imul(block + 1, 0x9e3779b1) >>> 0;
}
