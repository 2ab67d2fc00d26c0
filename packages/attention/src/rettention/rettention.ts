import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import type { AxisOrder } from "@paroattn/reorder";
import { scheduledRun } from "../run/scheduled-run.js";
import { checkRefreshFirst } from "../schedule/check-refresh-first.js";
import { defaultSchedule } from "../schedule/default-schedule.js";
import type { StepRole, StepSchedule } from "../schedule/step-schedule.js";
import type { AttentionStrategy } from "../strategy.js";
import { StrategyError } from "../strategy-error.js";
import { type WindowWidth, windowMask } from "../window/window-mask.js";
import type { ResidualPrecision } from "./keep-residual.js";
import { RettentionMethod } from "./rettention-method.js";

export interface RettentionOptions {
  /** Default: 1/32 of a frame's tokens (the paper's 96.9 % sparsity). */
  readonly window?: WindowWidth;
  /** In which the window's blocks are cut. Default: see `WindowMaskOptions`. */
  readonly order?: AxisOrder;
  /** Dense steps, and those at which ratios and residuals are measured. Default: see `defaultSchedule`. */
  readonly schedule?: StepSchedule;
  /** What the ratio grows by after each sparse step. Default: 0.04. */
  readonly lambda?: number;
  /** Lets ratios grow beyond 1, those of text rows as well, as the released code does. Default: false. */
  readonly strict?: boolean;
  /** Default: `f32`. */
  readonly residual?: ResidualPrecision;
  /** Default: f32 for both products. */
  readonly precision?: AttentionPrecision;
}

const DEFAULT_LAMBDA = 0.04;

/**
 * Re-ttention ([arXiv 2505.22918](https://arxiv.org/abs/2505.22918)): attention in a static window, corrected by what the last refresh
 * measured. A refresh answers dense and computes the window as well; from both it takes, for each query, rho = what the
 * window keeps of the softmax denominator, and the residual = full output - rho * window's output. A sparse step answers
 * rho * window's output + residual, with rho growing by lambda a step (sections 4.1 and 4.2).
 *
 * No array of tokens² is made: rho is exp of a difference of two log-sum-exps. The window is executed in whole blocks and rho
 * belongs to what was executed.
 *
 * `start` throws a `StrategyError` where the window keeps nothing or the model has too few tokens, a `ScheduleError` for a
 * schedule that does not go with the run or has a sparse step before the first refresh, and the backend's `UnsupportedError`.
 *
 * @example
 * const attention = rettention({ schedule: { warmUp: 5, refresh: { every: 5 } }, residual: "bf16" });
 */
export function rettention(options: RettentionOptions = {}): AttentionStrategy {
  const { lambda = DEFAULT_LAMBDA, strict = false, residual = "f32" } = options;
  const { window: width = { fraction: 1 / 32 }, order } = options;
  if (!(lambda >= 0 && lambda <= 1)) {
    throw new StrategyError({ expected: "a lambda from 0 to 1", found: String(lambda) });
  }
  if (!["f32", "bf16", "int8"].includes(residual)) {
    throw new StrategyError({
      expected: "residuals in f32, bf16 or int8",
      found: String(residual),
    });
  }
  const precision = resolvePrecision(options.precision);
  const strategy = "rettention";
  return {
    name: strategy,
    async start(generation) {
      const { backend, heads, headDim, layout } = generation;
      return scheduledRun({
        strategy,
        generation,
        precision,
        schedule: options.schedule ?? defaultSchedule(generation),
        method: (roles) =>
          new RettentionMethod({
            sparseSteps: sparseStepsSinceRefresh(roles),
            window: windowMask({ layout, heads, width, ...(order && { order }) }),
            heads,
            headDim,
            lambda,
            strict,
            residual,
            precision,
            backend,
          }),
      });
    },
  };
}

/** [steps]: sparse steps between the last refresh and each step. Throws a `ScheduleError` for one before the first refresh. */
function sparseStepsSinceRefresh(roles: readonly StepRole[]): readonly number[] {
  checkRefreshFirst(roles);
  let count = 0;
  return roles.map((role) => {
    if (role === "refresh") count = 0;
    return role === "sparse" ? count++ : count;
  });
}
