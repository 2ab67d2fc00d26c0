import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import { type AxisOrder, nativeOrder, partitionLayout } from "@paroattn/reorder";
import { keyBlocksPerRow } from "../masks/uniform-keys.js";
import { scheduledRun } from "../run/scheduled-run.js";
import { checkRefreshFirst } from "../schedule/check-refresh-first.js";
import type { StepSchedule } from "../schedule/step-schedule.js";
import type { AttentionStrategy } from "../strategy.js";
import { checkBlocks } from "../window/mask-within.js";
import { AdaSpaMethod } from "./adaspa-method.js";

export interface AdaSpaOptions {
  /** Share of all query-key pairs that a sparse step computes on average over heads, text included. Default: 0.2. */
  readonly density?: number;
  /** Whether heads that keep most of their mass give blocks to those that keep least. Default: true. */
  readonly headAdaptive?: boolean;
  /** In which blocks are cut. Default: the native one. */
  readonly order?: AxisOrder;
  /** Dense steps, and those (refresh) at which masks are searched. Default: the first fifth dense, then a search, and one at three fifths. */
  readonly schedule?: StepSchedule;
  /** Default: f32 for both products. */
  readonly precision?: AttentionPrecision;
}

const DEFAULT_DENSITY = 0.2;

/**
 * AdaSpa ([arXiv 2502.21079](https://arxiv.org/abs/2502.21079)): a few steps of each run search masks by the mass of every block, and the
 * steps between use them. The first search answers dense and keeps the log-sum-exp of each row; a later one needs no more than that
 * to know the masses in one pass. Every query block keeps equally many key blocks; budgets move between heads.
 *
 * `start` throws a `StrategyError` for a density that keeps too little and a model of fewer than two visual blocks, a `ScheduleError` for
 * a schedule that does not go with the run or has a sparse step before the first search, and the backend's `UnsupportedError`.
 *
 * @example
 * const attention = adaSpa({ density: 0.2, schedule: { warmUp: 4, refresh: [4, 12] } });
 */
export function adaSpa(options: AdaSpaOptions = {}): AttentionStrategy {
  const { density = DEFAULT_DENSITY, headAdaptive = true } = options;
  const precision = resolvePrecision(options.precision);
  const strategy = "adaspa";
  return {
    name: strategy,
    start: async (generation) =>
      scheduledRun({
        strategy,
        generation,
        precision,
        schedule: options.schedule ?? paperSchedule(generation.steps),
        method(roles) {
          const { layout, heads, backend } = generation;
          const { order = nativeOrder(layout) } = options;
          const partition = partitionLayout(layout);
          checkRefreshFirst(roles);
          checkBlocks(partition, layout);
          const keys = keyBlocksPerRow(partition, density);
          return new AdaSpaMethod({ layout, heads, keys, headAdaptive, order, precision, backend });
        },
      }),
  };
}

/** Of 50 steps the first 10 dense, and searches at 10 and 30. */
function paperSchedule(steps: number): StepSchedule {
  const warmUp = Math.floor(steps / 5);
  return { warmUp, refresh: [warmUp, Math.floor((3 * steps) / 5)] };
}
