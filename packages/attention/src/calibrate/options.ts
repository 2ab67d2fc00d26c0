import type { AxisOrder } from "@paroattn/reorder";
import type { BucketOptions } from "@paroattn/sparse-masks";
import type { AttentionStrategy } from "../strategy.js";

/** How far a calibration is. */
export interface CalibrationProgress {
  /** 1-based. */
  readonly pass: number;
  readonly passes: number;
  /** Of the pass, in [0, 1]. */
  readonly fraction: number;
}

/**
 * `share`: which steps share masks; default: "secondHalf", masks for each step of the first half and one set for the rest.
 * `ownBuckets`: at most so many sets of masks for the steps that do not share one; default: one a step.
 */
export interface CalibrationOptions extends BucketOptions {
  /**
   * Runs the model on all calibration prompts with the strategy it is given. Called once per pass: twice, or once with
   * `forcedOrders`. Every call must draw the same pictures.
   */
  readonly generate: (strategy: AttentionStrategy) => Promise<void>;
  /** What `generate` draws; recorded in the plan. At least one. */
  readonly prompts: readonly string[];
  /** A seed for each prompt; recorded in the plan. */
  readonly seeds: readonly number[];
  /** What else decides the pictures, such as steps and guidance; recorded in the plan. Default: none. */
  readonly settings?: Readonly<Record<string, number>>;
  /** Weight of sparsity against incoherence when orders are chosen, in [0, 1]. Default: 0.5. */
  readonly alpha?: number;
  /** Share of small entries that makes a block sparse, in [0, 1]. Default: 0.9. */
  readonly sigma?: number;
  /** Entries of the softmax map below it are small: a number, or `{ c }` for c / tokens. Default: 1e-3. */
  readonly epsilon?: number | { readonly c: number };
  /**
   * From which share of its mass on text on, in every visual query block of a bucket, a head looks only at text: it keeps
   * no block between visual tokens, and others get its budget. All others keep one a visual query block at least. In (0, 1], or "off". Density 1 keeps everything. Default: 0.99.
   */
  readonly textOnlyShare?: number | "off";
  /** Skips the choice of orders: every head in native order, or [layers][heads] such as another plan's. */
  readonly forcedOrders?: "native" | readonly (readonly AxisOrder[])[];
  /** Steps of a run that the first pass looks at, spread evenly over it. Default: all. */
  readonly watchSteps?: number;
  /** Block masses up to so many bytes are kept in memory, more in a scratch file. Default: 256 MiB. */
  readonly memoryLimit?: number;
  /** Where the scratch file goes; it has no name and ends with the process. Default: the system's temporary folder. */
  readonly scratchFolder?: string;
  /** Versions of further packages to record, such as the backend's. */
  readonly packages?: Readonly<Record<string, string>>;
  readonly onProgress?: (progress: CalibrationProgress) => void;
  readonly signal?: AbortSignal;
}
