import { resolve } from "node:path";
import { writePlan } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { checkpointFolder } from "@paroattn/sample-image";
import { checkWritable } from "../files/picture-file.js";
import { readPromptFile } from "../files/prompt-file.js";
import { isSampleModel } from "../model-defaults.js";
import { calibratePlan, sampleCalibrationPrompts } from "../plans/calibrate-plan.js";
import { DEFAULT_DENSITY } from "../plans/choose-plan.js";
import { createProgress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { warnThrough } from "../terminal/warn.js";

export interface CalibrateFlags {
  readonly model?: string;
  readonly density?: number;
  readonly alpha?: number;
  readonly prompts?: string;
  readonly steps?: number;
  readonly guidance?: number;
  readonly seed?: number;
  readonly width?: number;
  readonly height?: number;
  readonly threads?: number;
  readonly out: string;
  readonly json?: boolean;
}

/** What `--json` prints. */
export interface CalibrateResult {
  readonly file: string;
  readonly density: number;
  readonly densityMet: number;
  /** How many heads chose each order. */
  readonly orders: Readonly<Record<string, number>>;
  readonly prompts: number;
  readonly totalMs: number;
}

/** `image-dit calibrate`. */
export async function calibrate(
  flags: CalibrateFlags,
  signal: AbortSignal,
): Promise<CalibrateResult> {
  const start = performance.now();
  const file = resolve(flags.out);
  await checkWritable(file);
  const model = flags.model ?? checkpointFolder;
  if (flags.prompts === undefined && !isSampleModel(model)) {
    throw new UsageError(`Expected --prompts FILE with one or two prompts that suit ${model}`);
  }
  const prompts =
    flags.prompts === undefined
      ? await sampleCalibrationPrompts()
      : await readPromptFile(flags.prompts);
  const progress = createProgress();
  const warn = warnThrough(progress);
  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  try {
    const plan = await calibratePlan({
      ...flags,
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
