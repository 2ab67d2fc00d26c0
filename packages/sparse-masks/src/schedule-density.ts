import type { BlockPartition } from "@paroattn/reorder";
import type { BlockMask } from "./block-mask.js";
import { refuse } from "./errors.js";

export interface ScheduleDensityOptions {
  /** [buckets][layers]. */
  readonly masks: readonly (readonly BlockMask[])[];
  /** The blocks of the layout, on the query side and the key side alike. */
  readonly partition: BlockPartition;
  /** [buckets]: steps in each bucket. Default: equal. */
  readonly bucketSteps?: readonly number[];
}

/** The density that a run meets: the mean over buckets (weighted by steps), layers and heads. */
export function scheduleDensity(options: ScheduleDensityOptions): number {
  const { masks, partition, bucketSteps = masks.map(() => 1) } = options;
  if (masks.length === 0) refuse("masks for at least one bucket", "none");
  if (bucketSteps.length !== masks.length) {
    refuse(`${masks.length} bucketSteps, one a bucket`, bucketSteps.length);
  }
  let weighted = 0;
  let weights = 0;
  masks.forEach((layers, bucket) => {
    const steps = bucketSteps[bucket] as number;
    for (const mask of layers) {
      const density = mask.density({ queryPartition: partition, keyPartition: partition });
      weighted += steps * mask.heads * density;
      weights += steps * mask.heads;
    }
  });
  return weighted / weights;
}
