import { type Plan, readPlan } from "@paroattn/attention";
import type { Context } from "../context.js";
import { isSampleModel, modelOf } from "../model.js";
import type { PlanOrders } from "../strategies/registry.js";
import { UsageError } from "../terminal/run-command.js";
import { samplePlan } from "./sample-plan.js";

export interface PlanFlags {
  readonly model?: string;
  readonly plan?: string;
  readonly density?: number;
  /** In pixels; a plan made on the way is made for this size. */
  readonly width?: number;
  readonly height?: number;
  /** Of a video. */
  readonly frames?: number;
}

/** What PARO computes when `--density` is not given: the paper's middle setting, and the shipped plan's. */
export const DEFAULT_DENSITY = 0.3;

/**
 * The plan of `--plan`, or for the sample model the shipped one, or one calibrated now and kept for the next time.
 *
 * @param options.orders of a sample model's plan.
 * @throws UsageError when the flags contradict each other or name no plan.
 */
export async function choosePlan(
  flags: PlanFlags,
  context: Context,
  { orders = "chosen" }: { readonly orders?: PlanOrders } = {},
): Promise<Plan> {
  if (flags.plan !== undefined) {
    const plan = await readPlan(flags.plan);
    if (flags.density !== undefined && flags.density !== plan.density.asked) {
      throw new UsageError(
        `Expected --density ${plan.density.asked}, for which ${flags.plan} was made, but found ${flags.density}; leave one of the two out`,
      );
    }
    return plan;
  }
  const { app } = context;
  const density = flags.density ?? DEFAULT_DENSITY;
  const model = modelOf(app, flags.model);
  if (!isSampleModel(app, model)) {
    throw new UsageError(
      `Expected --plan FILE for ${model}; make one: ${app.name} calibrate --model ${model} --density ${density} --prompts FILE --out plan.safetensors`,
    );
  }
  const { width, height, frames } = flags;
  return samplePlan({
    ...context,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(frames !== undefined && { frames }),
    density,
    orders,
  });
}
