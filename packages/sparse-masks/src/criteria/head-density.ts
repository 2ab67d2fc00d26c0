import { SparseMaskError } from "../errors.js";
import { BINS, bitsOf, findCrossing } from "../radix.js";
import type { HeadDensityCriterion } from "./criterion.js";
import { type HeadBlocks, tieRank } from "./head-blocks.js";

/** A share of pairs as a decimal number may lie this much below a whole number of them, which must not cost a block. */
const ROUNDING = 1e-12;

/**
 * Keeps the heaviest blocks of a head, one after the other, as long as the next one fits its budget; so a larger budget keeps
 * them all and more. Throws a `SparseMaskError` for a density below that of the forced blocks.
 */
export function keepHeadDensity(head: HeadBlocks, { density }: HeadDensityCriterion): void {
  const { masses, pairs, live, address } = head;
  let allPairs = 0;
  let forcedPairs = 0;
  const histogram = new Float64Array(BINS);
  for (let block = 0; block < masses.length; block++) {
    const weight = pairs[block] as number;
    allPairs += weight;
    if (live[block]) forcedPairs += weight;
    else (histogram[bitsOf(masses[block] as number) >>> 16] as number) += weight;
  }
  const budget = (density + ROUNDING) * allPairs - forcedPairs;
  if (budget < 0) {
    throw new SparseMaskError(
      `Expected density of at least ${(forcedPairs / allPairs).toFixed(4)}, which the text and one visual key block per visual query block need in bucket ${address.bucket}, layer ${address.layer}, head ${address.head}, but found ${density}`,
    );
  }
  const coarse = findCrossing(histogram, budget);
  if (coarse.bin === undefined) {
    live.fill(1);
    return;
  }
  histogram.fill(0);
  for (let block = 0; block < masses.length; block++) {
    const bits = bitsOf(masses[block] as number);
    if (bits >>> 16 === coarse.bin && !live[block]) {
      (histogram[bits & 0xffff] as number) += pairs[block] as number;
    }
  }
  const fine = findCrossing(histogram, coarse.left);
  // The upper bin did not fit whole, so one of its parts does not.
  const threshold = coarse.bin * BINS + (fine.bin as number);
  const ties: number[] = [];
  for (let block = 0; block < masses.length; block++) {
    if (live[block]) continue;
    const bits = bitsOf(masses[block] as number);
    if (bits > threshold) live[block] = 1;
    else if (bits === threshold) ties.push(block);
  }
  ties.sort((a, b) => tieRank(a) - tieRank(b));
  let { left } = fine;
  for (const block of ties) {
    left -= pairs[block] as number;
    if (left < 0) break;
    live[block] = 1;
  }
}
