import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import type { StepMemory } from "../masks/step-masks.js";
import { checkFit } from "../plan/check-fit.js";
import type { Plan } from "../plan/plan.js";
import { scheduledRun } from "../run/scheduled-run.js";
import type { StepSchedule } from "../schedule/step-schedule.js";
import type { AttentionStrategy } from "../strategy.js";
import { ParoMethod } from "./paro-method.js";

export interface ParoOptions extends StepMemory {
  readonly plan: Plan;
  /** Another one than the plan's is as good: orders and masks come from the full map. Default: the plan's. */
  readonly precision?: AttentionPrecision;
  /**
   * Steps that are dense, steps that reuse the last outputs, and steps at which masks are made anew, because patterns can
   * shift with the prompt: what is kept from then on, until the next refresh, is what a calibration on that step of that
   * picture would keep, at the plan's density and in its orders. A refresh answers dense, in f32, and costs about two dense
   * steps. Default: the plan's masks at every step.
   */
  readonly schedule?: StepSchedule;
}

/**
 * Block-sparse attention with a plan (PAROAttention section 4): each head's tokens in its own axis order, and only the
 * blocks of its mask. Guidance branches share the masks. Masks stay packed, but for that of the layer at work.
 *
 * `start` throws a `PlanError` for another architecture, layout, or number of layers or heads than the plan's, or
 * timesteps that its buckets do not tell apart, naming what differs. Other weights (an fp16 copy, a fine-tune) are warned
 * of and run. It throws a `ScheduleError` for a schedule that the run is too short for, and the backend's
 * `UnsupportedError` for a precision that it does not execute.
 */
export function paroAttention(options: ParoOptions): AttentionStrategy {
  const { plan, schedule = {} } = options;
  const precision = resolvePrecision(options.precision ?? plan.precision);
  const strategy = "paro";
  return {
    name: strategy,
    start: (generation) =>
      scheduledRun({
        strategy,
        generation,
        precision,
        schedule,
        async method() {
          await checkFit(plan, generation);
          return new ParoMethod({ ...options, precision });
        },
      }),
  };
}
