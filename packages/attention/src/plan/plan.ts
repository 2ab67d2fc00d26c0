import type { AttentionPrecision } from "@paroattn/backend";
import { type AxisOrder, partitionLayout } from "@paroattn/reorder";
import { BlockMask, bytesPerHead, type TimestepBuckets } from "@paroattn/sparse-masks";
import type { ModelShape } from "../model-match.js";

/** How the orders were found (PAROAttention section 4.1). */
export interface PlanScoring {
  /** `chosen` by the scores, or `forced` by whoever calibrated. */
  readonly orders: "chosen" | "forced";
  /** Weight of the sparse term against the incoherence, in [0, 1]. */
  readonly alpha: number;
  /** Share of small entries that makes a block sparse, in [0, 1]. */
  readonly sigma: number;
  /** Entries of the softmax map below it are small. */
  readonly epsilon: number;
}

/** One threshold on block mass over all buckets, layers and heads. */
interface GlobalBudget {
  readonly kind: "globalBudget";
  /** Blocks with more mass (sum of softmax entries / query rows) than this are kept. */
  readonly threshold: number;
  /** Of the blocks at the threshold, the share that is kept, in [0, 1]. */
  readonly tieShare: number;
  /** Density of the blocks that are kept in any case: text, or without it the heaviest block of each row. */
  readonly floor: number;
}

/** How the blocks were chosen (PAROAttention section 4.2); see `MaskCriterion` of `@paroattn/sparse-masks`. */
export type PlanCriterion = (
  | GlobalBudget
  /** The density that was asked for, in each head. */
  | { readonly kind: "headDensity" }
  /** Blocks with more mass than this, whatever the density. */
  | { readonly kind: "threshold"; readonly threshold: number }
  /** Of each query block, the fewest key blocks with this share of its mass. */
  | { readonly kind: "topP"; readonly mass: number }
) & {
  /** Heads with at least this share of their visual queries' mass on text keep text alone; none: no head was told apart. */
  readonly textOnlyShare?: number;
};

/**
 * What PARO attention needs to know of one model at one size: an axis order per head, and a block mask per timestep
 * bucket, layer and head. Plain data; `readPlan` and `writePlan` keep it in a file.
 */
export interface Plan extends ModelShape {
  /** SHA-256 of the weights that were calibrated. */
  readonly weightsFingerprint: string;
  /** Edge of a block in tokens: 64. */
  readonly blockSize: number;
  /** Ranges of training timestep, each with masks of its own. */
  readonly buckets: TimestepBuckets;
  /** [layers][heads] */
  readonly orders: readonly (readonly AxisOrder[])[];
  /** Bit-packed [buckets, layers, heads, bytes]: row-major blocks, least significant bit first. See `planMask`. */
  readonly masks: Uint8Array;
  readonly criterion: PlanCriterion;
  /** Executed valid query-key pairs / all of them: as asked, and as the masks give it over the calibrated steps. */
  readonly density: { readonly asked: number; readonly met: number };
  /** In which the plan is used unless another one is asked for. */
  readonly precision: AttentionPrecision;
  readonly scoring: PlanScoring;
  /** What the model drew while it was watched. Evaluation must use others. */
  readonly calibration: {
    readonly prompts: readonly string[];
    readonly seeds: readonly number[];
    /** What else decided the pictures, such as steps and guidance. */
    readonly settings?: Readonly<Record<string, number>>;
  };
  /** Versions of the packages that made it. */
  readonly packages: Readonly<Record<string, string>>;
}

/** The masks of one layer in one bucket, for all heads: a view of the plan's bytes, not a copy. */
export function planMask(
  plan: Plan,
  at: { readonly bucket: number; readonly layer: number },
): BlockMask {
  const { blocks } = partitionLayout(plan.layout, plan.blockSize);
  const shape = { heads: plan.heads, queryBlocks: blocks, keyBlocks: blocks };
  const bytes = plan.heads * bytesPerHead(shape);
  const start = (at.bucket * plan.layers + at.layer) * bytes;
  return BlockMask.from({ ...shape, bits: plan.masks.subarray(start, start + bytes) });
}
