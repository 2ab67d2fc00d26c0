import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import { type AxisOrder, nativeOrder, partitionLayout } from "@paroattn/reorder";
import { keyBlocksPerRow } from "../masks/uniform-keys.js";
import { scheduledRun } from "../run/scheduled-run.js";
import { firstQuarter } from "../schedule/first-quarter.js";
import type { StepSchedule } from "../schedule/step-schedule.js";
import type { AttentionStrategy } from "../strategy.js";
import { checkBlocks } from "../window/mask-within.js";
import { DraftMethod } from "./draft-method.js";

export interface DraftAttentionOptions {
  /** Share of all query-key pairs that each head computes at a sparse step, text included. Default: 0.3. */
  readonly density?: number;
  /** In which blocks are cut and pooled. Default: the native one. */
  readonly order?: AxisOrder;
  /** Dense steps (a refresh is no more than that here). Default: the first quarter. */
  readonly schedule?: StepSchedule;
  /** Default: f32 for both products. */
  readonly precision?: AttentionPrecision;
}

const DEFAULT_DENSITY = 0.3;

/**
 * DraftAttention ([arXiv 2505.14708](https://arxiv.org/abs/2505.14708)): at every sparse site queries and keys are averaged over blocks,
 * the softmax map of these drafts says which blocks matter, and each head keeps its heaviest ones.
 *
 * `start` throws a `StrategyError` for a density that keeps too little and a model of fewer than two visual blocks, a `ScheduleError` for
 * a schedule that does not go with the run, and the backend's `UnsupportedError`.
 *
 * @example
 * const attention = draftAttention({ density: 0.25 });
 */
export function draftAttention(options: DraftAttentionOptions = {}): AttentionStrategy {
  const { density = DEFAULT_DENSITY } = options;
  const precision = resolvePrecision(options.precision);
  const strategy = "draft";
  return {
    name: strategy,
    start: async (generation) =>
      scheduledRun({
        strategy,
        generation,
        precision,
        schedule: options.schedule ?? firstQuarter(generation),
        method() {
          const { layout, heads, backend } = generation;
          const { order = nativeOrder(layout) } = options;
          const partition = partitionLayout(layout);
          checkBlocks(partition, layout);
          // Refuses what leaves a query block without a key block.
          keyBlocksPerRow(partition, density);
          return new DraftMethod({ layout, heads, density, order, precision, backend });
        },
      }),
  };
}
