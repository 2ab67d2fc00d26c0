import type { BlockPartition } from "@paroattn/reorder";
import { refuse, SparseMaskError } from "./errors.js";
import { markForced } from "./forced-blocks.js";
import { type BlockMassSource, checkSource, type HeadAddress, readMasses } from "./mass-source.js";
import { pairCounts } from "./pair-counts.js";
import { BINS, bitsOf, findCrossing, floatOf } from "./radix.js";
import { checkTextOnlyShare } from "./text-only.js";

export interface GlobalThresholdOptions {
  readonly source: BlockMassSource;
  /** The blocks of the layout, on the query side and the key side alike. */
  readonly partition: BlockPartition;
  /** Share of all valid query-key pairs to compute, in (0, 1], over all buckets, layers and heads. */
  readonly density: number;
  /** [buckets]: sampling steps that fall into each bucket; a positive weight. Default: equal. */
  readonly bucketSteps?: readonly number[];
  /**
   * A head each of whose visual query blocks has at least this share of its mass on text, in (0, 1], keeps no block
   * between visual tokens; the others get its budget. At density 1 nothing is dropped. Default: no head is told apart.
   */
  readonly textOnlyShare?: number | undefined;
}

/** A threshold on block mass that spends one budget over all heads. Plain data. */
export interface GlobalThreshold {
  /** Blocks with more mass than this are kept. */
  readonly threshold: number;
  /** Of the blocks whose mass equals the threshold, the share that is kept, in [0, 1]. */
  readonly tieShare: number;
  /** The density asked for. */
  readonly density: number;
  /** The density of the forced blocks alone. */
  readonly floor: number;
  /** From which share of mass on text on a head keeps no block between visual tokens; none: no head is told apart. */
  readonly textOnlyShare?: number | undefined;
}

/**
 * The default criterion: a single threshold such that the density over all (bucket, layer, head) meets the target, so that
 * easy heads pay for hard ones. Text rows and columns and, of heads that look at more than text, the heaviest visual key block
 * of each visual query block are kept in any case and count towards the budget.
 *
 * Reads the source twice and holds one head of it at a time. Exact up to single blocks, and deterministic: a plateau of equal
 * masses at the threshold is kept in part, see `maskFromThreshold`.
 *
 * Where heads look only at text, what is left may come to less than the density.
 *
 * Throws a `SparseMaskError` for a density or a `textOnlyShare` outside (0, 1], a density below the floor of the forced
 * blocks, for masses that are NaN, infinite or negative, and where sizes do not fit.
 */
export async function globalThreshold(options: GlobalThresholdOptions): Promise<GlobalThreshold> {
  const { partition, density } = options;
  if (!(density > 0 && density <= 1)) refuse("density in (0, 1]", density);
  checkTextOnlyShare(options.textOnlyShare);
  const share = density === 1 ? undefined : options.textOnlyShare;
  const textOnlyShare = share === undefined ? {} : { textOnlyShare: share };
  const bucketSteps = checkedSteps(options);
  const pairs = pairCounts(partition);
  const histogram = new Float64Array(BINS);
  let forcedPairs = 0;
  let allPairs = 0;
  await eachHead({ ...options, textOnlyShare: share }, ({ masses, forced, textOnly, bucket }) => {
    const steps = bucketSteps[bucket] as number;
    for (let block = 0; block < masses.length; block++) {
      const weight = steps * (pairs[block] as number);
      allPairs += weight;
      if (forced[block]) forcedPairs += weight;
      else if (!textOnly) (histogram[bitsOf(masses[block] as number) >>> 16] as number) += weight;
    }
  });
  const floor = forcedPairs / allPairs;
  if (density < floor) {
    throw new SparseMaskError(
      `Expected density of at least ${floor.toFixed(4)}, which the text and one visual key block per visual query block need, but found ${density}`,
    );
  }
  // Rounding must not make a budget negative at the floor, nor leave a block out at density 1.
  const coarse = findCrossing(histogram, Math.max(0, density * allPairs - forcedPairs));
  if (density === 1 || coarse.bin === undefined) {
    return { threshold: 0, tieShare: 1, density, floor, ...textOnlyShare };
  }

  const upper = coarse.bin;
  histogram.fill(0);
  await eachHead({ ...options, textOnlyShare: share }, ({ masses, forced, textOnly, bucket }) => {
    const steps = bucketSteps[bucket] as number;
    if (textOnly) return;
    for (let block = 0; block < masses.length; block++) {
      const bits = bitsOf(masses[block] as number);
      if (bits >>> 16 === upper && !forced[block]) {
        (histogram[bits & 0xffff] as number) += steps * (pairs[block] as number);
      }
    }
  });
  const fine = findCrossing(histogram, coarse.left);
  if (fine.bin === undefined) {
    return refuse("a source of masses that gives the same numbers each time", "others");
  }
  const threshold = floatOf(upper * BINS + fine.bin);
  const tieShare = fine.left / (histogram[fine.bin] as number);
  return { threshold, tieShare, density, floor, ...textOnlyShare };
}

function checkedSteps({ source, bucketSteps }: GlobalThresholdOptions): readonly number[] {
  checkSource(source);
  if (bucketSteps === undefined) return new Array<number>(source.buckets).fill(1);
  if (bucketSteps.length !== source.buckets) {
    refuse(`${source.buckets} bucketSteps, one a bucket`, bucketSteps.length);
  }
  for (const steps of bucketSteps) {
    if (!(steps > 0 && Number.isFinite(steps))) refuse("positive bucketSteps", steps);
  }
  return bucketSteps;
}

interface HeadMasses extends HeadAddress {
  readonly masses: Float32Array;
  readonly forced: Uint8Array;
  /** Whether the head looks only at text. */
  readonly textOnly: boolean;
}

async function eachHead(
  { source, partition, textOnlyShare }: GlobalThresholdOptions,
  visit: (head: HeadMasses) => void,
): Promise<void> {
  const { blocks } = partition;
  const forced = new Uint8Array(blocks * blocks);
  for (let bucket = 0; bucket < source.buckets; bucket++) {
    for (let layer = 0; layer < source.layers; layer++) {
      for (let head = 0; head < source.heads; head++) {
        const address = { bucket, layer, head };
        const masses = await readMasses({ source, blocks, address });
        const textOnly = markForced({ masses, partition, textOnlyShare, forced });
        visit({ ...address, masses, forced, textOnly });
      }
    }
  }
}
