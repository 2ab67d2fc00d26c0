import { makePlan, type Plan } from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import { loadPipeline } from "@paroattn/pipelines";
import { readPrompts } from "@paroattn/sample-image";
import type { Progress } from "../terminal/progress.js";

/** "One or two calibration prompts" are the paper's (section 4.1); two, so that no plan hangs on one picture. */
const CALIBRATION_PROMPTS = 2;

/** The sample model's own calibration prompts. */
export async function sampleCalibrationPrompts(): Promise<string[]> {
  return (await readPrompts("calibration")).slice(0, CALIBRATION_PROMPTS);
}

export interface CalibratePlanOptions {
  readonly model: string;
  readonly density: number;
  readonly prompts: readonly string[];
  readonly alpha?: number;
  readonly steps?: number;
  readonly guidance?: number;
  /** Of the first prompt; the next ones have the seeds after it. Default: 1000. */
  readonly seed?: number;
  readonly width?: number;
  readonly height?: number;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Calibrates a plan: two passes over the prompts with dense attention, watched. */
export async function calibratePlan(options: CalibratePlanOptions): Promise<Plan> {
  const { model, density, prompts, backend, progress, signal } = options;
  const firstSeed = options.seed ?? 1000;
  const seeds = prompts.map((_, index) => firstSeed + index);
  let pass = 0;
  return makePlan({
    density,
    prompts,
    seeds,
    signal,
    ...(options.alpha !== undefined && { alpha: options.alpha }),
    generate: async (strategy) => {
      pass += 1;
      await using pipeline = await loadPipeline(model, { backend, attention: strategy });
      for (const [index, prompt] of prompts.entries()) {
        await pipeline.generate({
          prompt,
          seed: seeds[index]!,
          signal,
          ...(options.steps !== undefined && { steps: options.steps }),
          ...(options.guidance !== undefined && { guidance: options.guidance }),
          ...(options.width !== undefined && { width: options.width }),
          ...(options.height !== undefined && { height: options.height }),
          onProgress: ({ step, steps }) =>
            progress.update(
              `calibrate, pass ${pass} of 2`,
              (index + (steps > 0 ? step / steps : 0)) / prompts.length,
            ),
        });
      }
    },
  });
}
