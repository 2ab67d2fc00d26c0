import type { BlockPartition } from "@paroattn/reorder";
import { BlockMask } from "./block-mask.js";
import { markForced } from "./forced-blocks.js";
import type { GlobalThreshold } from "./global-threshold.js";
import { type BlockMassSource, readMasses } from "./mass-source.js";
import { pairCounts } from "./pair-counts.js";

export interface MaskFromThresholdOptions {
  /** The source that the threshold was made from. */
  readonly source: BlockMassSource;
  readonly partition: BlockPartition;
  readonly threshold: GlobalThreshold;
  readonly bucket: number;
  readonly layer: number;
}

/**
 * The mask of one layer in one bucket: forced blocks, blocks above the threshold, and the share of those at the threshold
 * that the budget still pays for, spread evenly over heads and rows; of a head that looks only at text, the forced blocks
 * alone. Deterministic.
 *
 * Throws a `SparseMaskError` as `globalThreshold` does.
 */
export async function maskFromThreshold(options: MaskFromThresholdOptions): Promise<BlockMask> {
  const { source, partition, bucket, layer } = options;
  const { threshold, tieShare, textOnlyShare } = options.threshold;
  const { blocks } = partition;
  const mask = BlockMask.empty({ heads: source.heads, queryBlocks: blocks, keyBlocks: blocks });
  const pairs = pairCounts(partition);
  const wholeBlock = partition.blockSize ** 2;
  const forced = new Uint8Array(blocks * blocks);
  for (let head = 0; head < source.heads; head++) {
    const masses = await readMasses({ source, blocks, address: { bucket, layer, head } });
    const textOnly = markForced({ masses, partition, textOnlyShare, forced });
    // Error diffusion: each tied block brings its share of its pairs, and takes its pairs out when it is kept.
    // The start differs from head to head, so that what rounding gives one head it takes from another.
    const index = (bucket * source.layers + layer) * source.heads + head;
    let credit = (fraction((index + 1) * GOLDEN_RATIO) - 0.5) * wholeBlock;
    for (let block = 0; block < masses.length; block++) {
      const mass = masses[block] as number;
      let live = forced[block] === 1 || (!textOnly && mass > threshold);
      if (!live && !textOnly && mass === threshold) {
        const weight = pairs[block] as number;
        credit += tieShare * weight;
        live = tieShare === 1 || (tieShare > 0 && credit >= weight / 2);
        if (live) credit -= weight;
      }
      if (live) mask.set(head, Math.floor(block / blocks), block % blocks);
    }
  }
  return mask;
}

/** Multiples of it spread most evenly over [0, 1) when their whole parts are dropped. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

function fraction(value: number): number {
  return value - Math.floor(value);
}
