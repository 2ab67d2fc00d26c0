import { type BlockPartition, blockLength } from "@paroattn/reorder";
import { StrategyError } from "../strategy-error.js";

/**
 * How many visual key blocks each visual query block may have, at most a density of all pairs with the text's, each
 * counted as whole. Throws a `StrategyError` for a density that leaves none, or above 1.
 */
export function keyBlocksPerRow(partition: BlockPartition, density: number): number {
  const { tokens, blockSize, visualBlocks } = partition;
  const visual = partition.starts[visualBlocks.end]! - partition.starts[visualBlocks.start]!;
  const text = tokens ** 2 - visual ** 2;
  const least = (text + visual * blockSize) / tokens ** 2;
  if (!(density >= least && density <= 1)) {
    throw new StrategyError({
      expected: `a density from ${least.toFixed(4)}, which the text and one visual key block per visual query block need, to 1`,
      found: String(density),
    });
  }
  if (density === 1) return visualBlocks.end - visualBlocks.start;
  // A density as a decimal number may lie a little below a whole number of blocks.
  const keys = (density * tokens ** 2 - text) / (visual * blockSize) + 1e-9;
  return Math.min(Math.floor(keys), visualBlocks.end - visualBlocks.start);
}

/** One head's blocks, a byte each. */
export interface KeptKeys {
  /** [blocks, blocks]: 1 where a block is kept. */
  readonly live: Uint8Array;
  /** Of all mass, the share in kept blocks. */
  readonly recall: number;
}

/** The heaviest so many visual key blocks of each visual query block (the first of equals), and all of the text. */
export function heaviestKeys(
  masses: Float32Array,
  partition: BlockPartition,
  keys: number,
): KeptKeys {
  const { blocks, visualBlocks } = partition;
  const isVisual = (block: number) => block >= visualBlocks.start && block < visualBlocks.end;
  const live = new Uint8Array(blocks * blocks).fill(1);
  let [kept, all] = [0, 0];
  for (let query = 0; query < blocks; query++) {
    const row = masses.subarray(query * blocks, (query + 1) * blocks);
    if (isVisual(query)) {
      const visual = Array.from(
        { length: visualBlocks.end - visualBlocks.start },
        (_, index) => visualBlocks.start + index,
      );
      visual.sort((a, b) => row[b]! - row[a]! || a - b);
      for (const key of visual.slice(keys)) live[query * blocks + key] = 0;
    }
    for (let key = 0; key < blocks; key++) {
      all += row[key]!;
      kept += live[query * blocks + key]! * row[key]!;
    }
  }
  return { live, recall: all === 0 ? 1 : kept / all };
}

/** Executed / all valid query-key pairs of one head's blocks. */
export function densityOf(live: Uint8Array, partition: BlockPartition): number {
  const { blocks, tokens } = partition;
  let pairs = 0;
  for (const [index, one] of live.entries()) {
    if (one === 0) continue;
    pairs +=
      blockLength(partition, Math.floor(index / blocks)) * blockLength(partition, index % blocks);
  }
  return pairs / tokens ** 2;
}
