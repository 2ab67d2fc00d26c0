import type { ThresholdCriterion } from "./criterion.js";
import type { HeadBlocks } from "./head-blocks.js";

/** Keeps the blocks that are heavier than the threshold. */
export function keepAboveThreshold(
  { masses, live }: HeadBlocks,
  { threshold }: ThresholdCriterion,
): void {
  for (let block = 0; block < masses.length; block++) {
    if ((masses[block] as number) > threshold) live[block] = 1;
  }
}
