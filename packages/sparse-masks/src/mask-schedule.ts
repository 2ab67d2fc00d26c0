import type { BlockPartition } from "@paroattn/reorder";
import type { BlockMask } from "./block-mask.js";
import type { MaskCriterion } from "./criteria/criterion.js";
import { refuse } from "./errors.js";
import type { GlobalThreshold } from "./global-threshold.js";
import { maskMaker } from "./mask-maker.js";
import type { BlockMassSource } from "./mass-source.js";
import { scheduleDensity } from "./schedule-density.js";
import { bucketOf, type TimestepBuckets } from "./timestep-buckets.js";

export interface MaskScheduleOptions {
  /** With as many buckets as `buckets`. */
  readonly source: BlockMassSource;
  /** The blocks of the layout, on the query side and the key side alike. */
  readonly partition: BlockPartition;
  readonly criterion: MaskCriterion;
  /** Which timesteps share masks; a source of one bucket may do without. Default: all. */
  readonly buckets?: TimestepBuckets;
  /** From which share of mass on text on a head keeps no block between visual tokens, in (0, 1]. Default: no head is told apart. */
  readonly textOnlyShare?: number | undefined;
}

/** A mask for every layer at every timestep. */
export interface MaskSchedule {
  readonly buckets: TimestepBuckets;
  /** [buckets][layers]. */
  readonly masks: readonly (readonly BlockMask[])[];
  readonly criterion: MaskCriterion;
  /** What a global budget came to; undefined for the other criteria. */
  readonly globalThreshold: GlobalThreshold | undefined;
  /** The density met: valid query-key pairs in live blocks / all of them, over steps, layers and heads. */
  readonly density: number;
}

const ALL_TIMESTEPS: TimestepBuckets = Object.freeze({
  boundaries: Object.freeze([]),
  steps: Object.freeze([1]),
});

/**
 * Makes all masks of a model by one criterion and holds them together.
 * Throws a `SparseMaskError` where source and buckets differ in number, and as `maskMaker` and its `layerMask` do.
 */
export async function makeMaskSchedule(options: MaskScheduleOptions): Promise<MaskSchedule> {
  const { source, partition, criterion, buckets = ALL_TIMESTEPS, textOnlyShare } = options;
  const bucketSteps = buckets.steps;
  if (source.buckets !== bucketSteps.length) {
    refuse(`a source of ${bucketSteps.length} buckets`, source.buckets);
  }
  const maker = await maskMaker({ source, partition, criterion, bucketSteps, textOnlyShare });
  const masks: BlockMask[][] = [];
  for (let bucket = 0; bucket < source.buckets; bucket++) {
    const layers: BlockMask[] = [];
    for (let layer = 0; layer < source.layers; layer++) {
      layers.push(await maker.layerMask({ bucket, layer }));
    }
    masks.push(layers);
  }
  const density = scheduleDensity({ masks, partition, bucketSteps });
  return { buckets, masks, criterion, globalThreshold: maker.globalThreshold, density };
}

/** The mask of a layer at a training timestep. Throws a `SparseMaskError` for NaN and for a layer that is not there. */
export function scheduledMask(
  { buckets, masks }: Pick<MaskSchedule, "buckets" | "masks">,
  at: { readonly timestep: number; readonly layer: number },
): BlockMask {
  const layers = masks[bucketOf(buckets, at.timestep)] ?? [];
  return layers[at.layer] ?? refuse(`a layer from 0 to ${layers.length - 1}`, at.layer);
}
