import type { BlockPartition } from "@paroattn/reorder";
import {
  type BlockMassSource,
  globalThreshold,
  type MaskCriterion,
  makeMaskSchedule,
  type TimestepBuckets,
} from "@paroattn/sparse-masks";

/** How blocks are chosen; each kind has a parameter of its own, and all of them can be asked for a density. */
export type CriterionKind = MaskCriterion["kind"];

/** So near is the density that a share of mass comes to, where its blocks' masses allow. */
const NEAR = 5e-4;
/** A share of mass is cut in half at most so often: one in float32 has no more digits. */
const HALVINGS = 24;

export interface CriterionForDensityOptions {
  readonly kind: CriterionKind;
  /** Share of all valid query-key pairs to compute, in (0, 1]. */
  readonly density: number;
  readonly source: BlockMassSource;
  readonly partition: BlockPartition;
  readonly buckets: TimestepBuckets;
  readonly textOnlyShare: number | undefined;
}

/**
 * The criterion of a kind that keeps a density of these masses, so that kinds compare at equal cost. A fixed threshold is the
 * one that a global budget comes to, without its share of the blocks at the threshold; a cumulative mass is searched for,
 * which makes all masks up to two dozen times.
 *
 * Throws a `SparseMaskError` for a density below what must be kept.
 */
export async function criterionForDensity(
  options: CriterionForDensityOptions,
): Promise<MaskCriterion> {
  const { kind, density, buckets } = options;
  const budget = () => globalThreshold({ ...options, bucketSteps: buckets.steps });
  switch (kind) {
    case "globalBudget":
    case "headDensity":
      return { kind, density };
    case "threshold":
      return { kind, threshold: (await budget()).threshold };
    case "topP":
      // Refuses a density below what must be kept.
      await budget();
      return { kind, mass: await massForDensity(options) };
  }
}

/** The largest share of mass, up to `NEAR`, whose blocks are not more than the density asks for. */
async function massForDensity(options: CriterionForDensityOptions): Promise<number> {
  const { density } = options;
  if (density === 1) return 1;
  let low = 0;
  let high = 1;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const mass = (low + high) / 2;
    const met = (await makeMaskSchedule({ ...options, criterion: { kind: "topP", mass } })).density;
    if (met > density) high = mass;
    else low = mass;
    if (met <= density && density - met < NEAR) break;
  }
  // Where even the least share keeps too much, the forced blocks hold it and more.
  return low === 0 ? high : low;
}
