import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import { denseSite } from "./run/dense-site.js";
import { scheduledRun } from "./run/scheduled-run.js";
import { defaultSchedule } from "./schedule/default-schedule.js";
import type { StepSchedule } from "./schedule/step-schedule.js";
import type { AttentionStrategy } from "./strategy.js";

export interface ReuseAttentionOptions {
  /** Steps that are computed, dense: its warm-up and its refreshes. Default: see `defaultSchedule`. */
  readonly schedule?: Omit<StepSchedule, "reuse">;
  /** Default: f32 for both products. */
  readonly precision?: AttentionPrecision;
}

/**
 * A control: dense at the dense steps of a schedule, and between them each site's last output once more. Nothing is projected
 * there. A method that does not beat it draws on its dense steps alone; on video it must lose in motion.
 *
 * `start` throws a `ScheduleError` for a schedule that does not go with the run or computes nothing at step 0, and the
 * backend's `UnsupportedError`.
 */
export function reuseAttention(options: ReuseAttentionOptions = {}): AttentionStrategy {
  const precision = resolvePrecision(options.precision);
  const strategy = "reuse";
  return {
    name: strategy,
    start: async (generation) =>
      scheduledRun({
        strategy,
        generation,
        precision,
        schedule: {
          ...(options.schedule ?? defaultSchedule(generation)),
          reuse: { every: 1 },
        },
        method: () => ({ sparse: (_site, front) => denseSite(front, precision) }),
      }),
  };
}
