import { resolve } from "node:path";
import {
  type AttentionStrategy,
  denseAttention,
  paroAttention,
  readPlan,
} from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import { checkpointFolder } from "@paroattn/sample-image";
import type { Progress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { samplePlan } from "./sample-plan.js";

export interface StrategyFlags {
  readonly model?: string;
  readonly attention?: "dense" | "paro";
  readonly plan?: string;
  readonly density?: number;
  /** In pixels; a plan made on the way is made for this size. */
  readonly width?: number;
  readonly height?: number;
}

/** What PARO computes when `--density` is not given: the paper's middle setting, and the shipped plan's. */
export const DEFAULT_DENSITY = 0.3;

/**
 * The strategy that the flags ask for. PARO needs a plan: the one of `--plan`, or for the sample model the shipped
 * one, or one calibrated now and kept for the next time. Dense unless something asks for PARO.
 *
 * @throws UsageError when the flags contradict each other or name no plan.
 */
export async function chooseStrategy(options: {
  readonly flags: StrategyFlags;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}): Promise<{ readonly strategy: AttentionStrategy; readonly model: string }> {
  const { flags } = options;
  const model = flags.model ?? checkpointFolder;
  const wantsPlan = flags.plan !== undefined || flags.density !== undefined;
  const attention = flags.attention ?? (wantsPlan ? "paro" : "dense");
  if (attention === "dense") {
    if (!wantsPlan) return { strategy: denseAttention(), model };
    const flag = flags.plan === undefined ? "--density" : "--plan";
    throw new UsageError(`Expected no ${flag} with --attention dense; PARO is --attention paro`);
  }
  if (flags.plan !== undefined) {
    const plan = await readPlan(flags.plan);
    if (flags.density !== undefined && flags.density !== plan.density.asked) {
      throw new UsageError(
        `Expected --density ${plan.density.asked}, for which ${flags.plan} was made, but found ${flags.density}; leave one of the two out`,
      );
    }
    return { strategy: paroAttention({ plan }), model };
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
  const plan = await samplePlan({ ...options, ...size, density });
  return { strategy: paroAttention({ plan }), model };
}
