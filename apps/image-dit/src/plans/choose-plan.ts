import { resolve } from "node:path";
import { type Plan, readPlan } from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import { checkpointFolder } from "@paroattn/sample-image";
import type { Progress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { samplePlan } from "./sample-plan.js";

export interface PlanFlags {
  readonly model?: string;
  readonly plan?: string;
  readonly density?: number;
  /** In pixels; a plan made on the way is made for this size. */
  readonly width?: number;
  readonly height?: number;
}

/** What PARO computes when `--density` is not given: the paper's middle setting, and the shipped plan's. */
export const DEFAULT_DENSITY = 0.3;

/**
 * The plan of `--plan`, or for the sample model the shipped one, or one calibrated now and kept for the next time.
 *
 * @throws UsageError when the flags contradict each other or name no plan.
 */
export async function choosePlan(options: {
  readonly flags: PlanFlags;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}): Promise<Plan> {
  const { flags } = options;
  if (flags.plan !== undefined) {
    const plan = await readPlan(flags.plan);
    if (flags.density !== undefined && flags.density !== plan.density.asked) {
      throw new UsageError(
        `Expected --density ${plan.density.asked}, for which ${flags.plan} was made, but found ${flags.density}; leave one of the two out`,
      );
    }
    return plan;
  }
  const density = flags.density ?? DEFAULT_DENSITY;
  if (flags.model !== undefined && resolve(flags.model) !== checkpointFolder) {
    throw new UsageError(
      `Expected --plan FILE for ${flags.model}; make one: image-dit calibrate --model ${flags.model} --density ${density} --prompts FILE --out plan.safetensors`,
    );
  }
  const size = {
    ...(flags.width !== undefined && { width: flags.width }),
    ...(flags.height !== undefined && { height: flags.height }),
  };
  return samplePlan({ ...options, ...size, density });
}
