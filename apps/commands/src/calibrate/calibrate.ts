import { resolve } from "node:path";
import { writePlan } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { App } from "../app.js";
import type { DrawingSettings } from "../drawing-settings.js";
import { checkWritable } from "../files/check-writable.js";
import { readPromptFile } from "../files/prompt-file.js";
import { isSampleModel, modelOf } from "../model.js";
import { calibratePlan, sampleCalibrationPrompts } from "../plans/calibrate-plan.js";
import { DEFAULT_DENSITY } from "../plans/choose-plan.js";
import { createProgress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { warnThrough } from "../terminal/warn.js";
import type { CalibrateResult } from "./result.js";

/** Names of the command line, and what they are to `makePlans`. */
export const SHARES = { "second-half": "secondHalf", none: "none", all: "all" } as const;

export interface CalibrateFlags extends DrawingSettings {
  readonly model?: string;
  readonly density?: number;
  readonly alpha?: number;
  readonly prompts?: string;
  /** Which steps share masks. Default: the second half of them. */
  readonly share?: keyof typeof SHARES;
  /** At most so many sets of masks for the steps that do not share one. Default: one a step. */
  readonly buckets?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly out: string;
  readonly json?: boolean;
}

/** `calibrate`. */
export async function calibrate(
  app: App,
  flags: CalibrateFlags,
  signal: AbortSignal,
): Promise<CalibrateResult> {
  const start = performance.now();
  const file = resolve(flags.out);
  const model = modelOf(app, flags.model);
  await checkWritable(file);
  const { share, buckets } = flags;
  if (share === "all" && buckets !== undefined) {
    throw new UsageError("Expected no --buckets with --share all, which leaves no step its own");
  }
  if (flags.prompts === undefined && !isSampleModel(app, model)) {
    throw new UsageError(`Expected --prompts FILE with one or two prompts that suit ${model}`);
  }
  const prompts =
    flags.prompts === undefined
      ? await sampleCalibrationPrompts(app)
      : await readPromptFile(flags.prompts);
  const progress = createProgress();
  const warn = warnThrough(progress, app);
  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  try {
    const { share: _, ...settings } = flags;
    const plan = await calibratePlan({
      ...settings,
      ...(share !== undefined && { share: SHARES[share] }),
      ...(buckets !== undefined && { ownBuckets: buckets }),
      app,
      model,
      density: flags.density ?? DEFAULT_DENSITY,
      prompts,
      backend,
      progress,
      warn,
      signal,
    });
    await writePlan(file, plan, { signal });
    const orders: Record<string, number> = {};
    for (const order of plan.orders.flat()) orders[order] = (orders[order] ?? 0) + 1;
    return {
      file,
      density: plan.density.asked,
      densityMet: plan.density.met,
      orders,
      prompts: prompts.length,
      totalMs: performance.now() - start,
    };
  } finally {
    progress.end();
    backend.dispose();
  }
}
