import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import type { AxisOrder } from "@paroattn/reorder";
import { scheduledRun } from "../run/scheduled-run.js";
import { defaultSchedule } from "../schedule/default-schedule.js";
import type { StepSchedule } from "../schedule/step-schedule.js";
import type { AttentionStrategy } from "../strategy.js";
import { type WindowWidth, windowMask } from "./window-mask.js";

export interface WindowAttentionOptions {
  /** Default: 1/32 of a frame's tokens. */
  readonly window?: WindowWidth;
  /** In which the window's blocks are cut. Default: see `WindowMaskOptions`. */
  readonly order?: AxisOrder;
  /** Steps that are dense (a refresh is no more than that here). Default: see `defaultSchedule`. */
  readonly schedule?: StepSchedule;
  /** Default: f32 for both products. */
  readonly precision?: AttentionPrecision;
}

/**
 * A control: Re-ttention's window and its dense steps, and nothing else. What a method gains over it comes from its
 * corrections; what this gains over the window alone comes from the dense steps.
 *
 * `start` throws as `rettention` does.
 */
export function windowAttention(options: WindowAttentionOptions = {}): AttentionStrategy {
  const { window: width = { fraction: 1 / 32 }, order } = options;
  const precision = resolvePrecision(options.precision);
  const strategy = "window";
  return {
    name: strategy,
    async start(generation) {
      const { backend, heads, layout } = generation;
      return scheduledRun({
        strategy,
        generation,
        precision,
        schedule: options.schedule ?? defaultSchedule(generation),
        method() {
          const window = windowMask({ layout, heads, width, ...(order && { order }) });
          const orders = new Array<AxisOrder>(heads).fill(window.order);
          const mask = backend.prepareMask(window.mask);
          return {
            sparse(_site, front) {
              using operands = front.operands({ orders, precision });
              const { output } = front.backend.attention({ operands, mask });
              return { output, density: window.density };
            },
            keptBytes: () => window.mask.bits.byteLength,
            dispose: () => mask.dispose(),
          };
        },
      });
    },
  };
}
