import {
  type BlockPartition,
  blockLength,
  describeLayout,
  type TokenLayout,
} from "@paroattn/reorder";
import { BlockMask } from "@paroattn/sparse-masks";
import { StrategyError } from "../strategy-error.js";
import type { BlockDistances } from "./block-distances.js";

/** The blocks that are at most `reach` from each other, the same for all heads, and their density, text included. */
export function maskWithin(
  all: BlockDistances,
  options: { readonly reach: number; readonly heads: number },
): { readonly mask: BlockMask; readonly density: number } {
  const { reach, heads } = options;
  const { blocks } = all.partition;
  const live = Uint8Array.from(all.distances, (distance) => (distance <= reach ? 1 : 0));
  const mask = BlockMask.pack({
    heads,
    queryBlocks: blocks,
    keyBlocks: blocks,
    blocks: repeat(live, heads),
  });
  return { mask, density: densities(all)(reach) };
}

/** The widest reach whose blocks are at most a density of all pairs. Throws a `StrategyError` for a density that keeps too little. */
export function widestReach(all: BlockDistances, density: number): number {
  const densityOf = densities(all);
  const least = densityOf(0);
  if (!(density >= least && density <= 1)) {
    throw new StrategyError({
      expected: `a window's density from ${least.toFixed(4)}, which its own place and the text take, to 1`,
      found: String(density),
    });
  }
  // The density grows with the reach: halve what is in question.
  let reach = 0;
  let above = all.distances.reduce((most, distance) => Math.max(most, distance), 0) + 1;
  while (above - reach > 1) {
    const middle = Math.floor((reach + above) / 2);
    if (densityOf(middle) <= density) reach = middle;
    else above = middle;
  }
  return reach;
}

/** Throws a `StrategyError` where there is no second visual block that could be dropped. */
export function checkBlocks(partition: BlockPartition, layout: TokenLayout): void {
  const { start, end } = partition.visualBlocks;
  if (end - start >= 2) return;
  throw new StrategyError({
    expected: `at least 2 blocks of visual tokens (more than ${partition.blockSize} tokens) for sparse attention`,
    found: describeLayout(layout),
  });
}

/** The density of each reach. */
function densities({ partition, distances }: BlockDistances): (reach: number) => number {
  const { blocks, tokens } = partition;
  const lengths = Array.from({ length: blocks }, (_, block) => blockLength(partition, block));
  return (reach) => {
    let pairs = 0;
    for (const [index, distance] of distances.entries()) {
      if (distance > reach) continue;
      pairs += lengths[Math.floor(index / blocks)]! * lengths[index % blocks]!;
    }
    return pairs / tokens ** 2;
  };
}

function repeat(values: Uint8Array, times: number): Uint8Array {
  const repeated = new Uint8Array(values.length * times);
  for (let i = 0; i < times; i++) repeated.set(values, i * values.length);
  return repeated;
}
