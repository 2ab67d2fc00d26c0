import type { TopPCriterion } from "./criterion.js";
import { type HeadBlocks, tieRank } from "./head-blocks.js";

/**
 * Keeps, of each query block, the fewest key blocks that hold the share of its mass, heaviest first. The share is of what the
 * row really sums to, so that masses need not be normalised; 1 keeps every block that has any mass.
 */
export function keepTopP({ masses, partition, live }: HeadBlocks, { mass }: TopPCriterion): void {
  const { blocks } = partition;
  for (let row = 0; row < masses.length; row += blocks) {
    const columns: number[] = [];
    let kept = 0;
    for (let block = row; block < row + blocks; block++) {
      if (live[block]) kept += masses[block] as number;
      else columns.push(block);
    }
    columns.sort(
      (a, b) => (masses[b] as number) - (masses[a] as number) || tieRank(a) - tieRank(b),
    );
    const total = columns.reduce((sum, block) => sum + (masses[block] as number), kept);
    for (const block of columns) {
      const next = masses[block] as number;
      // Beside a heavy block a light one vanishes in the sum, so at 1 the sum is no guide.
      if (next === 0 || (mass < 1 && kept >= mass * total)) break;
      live[block] = 1;
      kept += next;
    }
  }
}
