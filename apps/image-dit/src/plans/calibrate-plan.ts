import { denseAttention, makePlans, type Plan } from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import { loadPipeline } from "@paroattn/pipelines";
import { readPrompts } from "@paroattn/sample-image";
import { localModel } from "../hub/local-model.js";
import { defaultGuidance } from "../model-defaults.js";
import { showOn } from "../terminal/pipeline-progress.js";
import type { Progress } from "../terminal/progress.js";

/** "One or two calibration prompts" are the paper's (section 4.1); two, so that no plan hangs on one picture. */
const CALIBRATION_PROMPTS = 2;

/** Of the first prompt; far from the seeds that people try first, so that evaluation does not meet them by chance. */
export const CALIBRATION_SEED = 1_000_000;

/** The sample model's own calibration prompts. */
export async function sampleCalibrationPrompts(): Promise<string[]> {
  return (await readPrompts("calibration")).slice(0, CALIBRATION_PROMPTS);
}

export interface CalibratePlansOptions {
  readonly model: string;
  readonly densities: readonly number[];
  readonly prompts: readonly string[];
  readonly alpha?: number;
  /** Every head in native order, as a control. Default: the order that the scores choose for each head. */
  readonly forcedOrders?: "native";
  readonly steps?: number;
  /** Default: the sample model's own, else the pipeline's. */
  readonly guidance?: number;
  /** Of the first prompt; the next ones have the seeds after it. Default: 1,000,000. */
  readonly seed?: number;
  readonly width?: number;
  readonly height?: number;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Calibrates one plan; see `calibratePlans`. */
export async function calibratePlan(
  options: Omit<CalibratePlansOptions, "densities"> & { readonly density: number },
): Promise<Plan> {
  const [plan] = await calibratePlans({ ...options, densities: [options.density] });
  return plan!;
}

/**
 * Calibrates a plan for each density: two passes over the prompts with dense attention, watched and shared by all
 * densities; one pass where the orders are forced.
 */
export async function calibratePlans(options: CalibratePlansOptions): Promise<Plan[]> {
  const { model, densities, prompts, backend, progress, warn, signal } = options;
  const { alpha, forcedOrders } = options;
  const { seed = CALIBRATION_SEED, steps, width, height } = options;
  const guidance = options.guidance ?? defaultGuidance(model);
  const seeds = prompts.map((_, index) => seed + index);
  const settings = {
    ...(steps !== undefined && { steps }),
    ...(guidance !== undefined && { guidance }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
  };
  const folder = await localModel(model, { progress, warn, signal });
  await using pipeline = await loadPipeline(folder, {
    kind: "image",
    backend,
    attention: denseAttention(),
    signal,
    onProgress: showOn(progress, "calibrate"),
  });
  const warned = new Set<string>();
  // Awaited here: the pipeline must outlive the passes.
  return await makePlans({
    densities,
    prompts,
    seeds,
    settings,
    signal,
    ...(alpha !== undefined && { alpha }),
    ...(forcedOrders !== undefined && { forcedOrders }),
    onProgress: ({ pass, passes, fraction }) =>
      progress.update(`calibrate, pass ${pass} of ${passes}`, fraction),
    generate: async (attention) => {
      for (const [index, prompt] of prompts.entries()) {
        // Both passes would tell the same.
        const onWarning = (message: string) => {
          if (!warned.has(message)) warn(message);
          warned.add(message);
        };
        const request = { prompt, seed: seeds[index]!, attention, signal, onWarning };
        await pipeline.generate({ ...request, ...settings });
      }
    },
  });
}
