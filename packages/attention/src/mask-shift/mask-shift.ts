import { partitionLayout } from "@paroattn/reorder";
import { type BlockMask, bucketOf, maskOverlap } from "@paroattn/sparse-masks";
import { type Plan, planMask } from "../plan/plan.js";
import type { StepObservation } from "./observe-masks.js";

/** An observation, and what was drawn. */
export interface MaskObservation extends Pick<StepObservation, "step" | "timestep" | "masks"> {
  readonly prompt: string;
  readonly seed: number;
}

/** Overlaps of several pairs: of each, query-key pairs that both keep / that either keeps, between visual tokens. */
export interface OverlapSummary {
  /** How many were compared. */
  readonly pairs: number;
  readonly mean: number;
  readonly least: number;
}

/** How much of the blocks that matter stays the same; undefined where nothing could be compared. 1: all of it. */
export interface MaskShift {
  /** The same step of another prompt, whatever the seed. */
  readonly prompts: OverlapSummary | undefined;
  /** The same step and prompt with another seed. */
  readonly seeds: OverlapSummary | undefined;
  /** The next observed step of the same picture. */
  readonly steps: OverlapSummary | undefined;
  /** The plan's own masks for the timestep. */
  readonly plan: OverlapSummary | undefined;
}

/**
 * Compares the masks of observations (see `observeMasks`) with each other and with the plan's.
 * Throws a `SparseMaskError` where they are of other sizes than the plan's.
 */
export function maskShift(options: {
  readonly plan: Plan;
  readonly observations: readonly MaskObservation[];
}): MaskShift {
  const { plan } = options;
  const observations = [...options.observations].sort((a, b) => a.step - b.step);
  const partition = partitionLayout(plan.layout, plan.blockSize);
  const overlap = (reference: readonly BlockMask[], other: readonly BlockMask[]) =>
    maskOverlap({ reference, other, partition }).jaccard;
  const pairs = {
    prompts: [] as number[],
    seeds: [] as number[],
    steps: [] as number[],
    plan: [] as number[],
  };
  for (const [index, first] of observations.entries()) {
    const { prompt, seed, step, timestep, masks } = first;
    const later = observations.slice(index + 1);
    for (const other of later.filter((one) => one.step === step)) {
      if (other.prompt !== prompt) pairs.prompts.push(overlap(masks, other.masks));
      else if (other.seed !== seed) pairs.seeds.push(overlap(masks, other.masks));
    }
    const next = later.find((one) => one.prompt === prompt && one.seed === seed && one.step > step);
    if (next !== undefined) pairs.steps.push(overlap(masks, next.masks));
    const bucket = bucketOf(plan.buckets, timestep);
    const planned = masks.map((_, layer) => planMask(plan, { bucket, layer }));
    pairs.plan.push(overlap(planned, masks));
  }
  return {
    prompts: summary(pairs.prompts),
    seeds: summary(pairs.seeds),
    steps: summary(pairs.steps),
    plan: summary(pairs.plan),
  };
}

function summary(values: readonly number[]): OverlapSummary | undefined {
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { pairs: values.length, mean, least: Math.min(...values) };
}
