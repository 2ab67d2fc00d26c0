import { type CalibrationOptions, denseAttention, makePlans, type Plan } from "@paroattn/attention";
import { loadPipeline } from "@paroattn/pipelines";
import type { App } from "../app.js";
import type { Context } from "../context.js";
import { type DrawingSettings, drawingSettings } from "../drawing-settings.js";
import { localModel } from "../hub/local-model.js";
import { showOn } from "../terminal/pipeline-progress.js";

/** "One or two calibration prompts" are the paper's (section 4.1); two, so that no plan hangs on one picture. */
const CALIBRATION_PROMPTS = 2;

/** Of the first prompt; far from the seeds that people try first, so that evaluation does not meet them by chance. */
export const CALIBRATION_SEED = 1_000_000;

/** The sample model's own calibration prompts; none where the app has no sample model. */
export async function sampleCalibrationPrompts({ sample }: App): Promise<readonly string[]> {
  return ((await sample?.calibrationPrompts()) ?? []).slice(0, CALIBRATION_PROMPTS);
}

/** `guidance` is the sample model's own by default, else the pipeline's. */
export interface CalibratePlansOptions
  extends Context,
    DrawingSettings,
    Pick<CalibrationOptions, "share" | "ownBuckets"> {
  readonly model: string;
  readonly densities: readonly number[];
  readonly prompts: readonly string[];
  readonly alpha?: number;
  /** Every head in native order, as a control. Default: the order that the scores choose for each head. */
  readonly forcedOrders?: "native";
  /** Of the first prompt; the next ones have the seeds after it. Default: 1,000,000. */
  readonly seed?: number;
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
  const { app, model, densities, prompts, backend, progress, warn, signal } = options;
  const { alpha, share, ownBuckets, forcedOrders, seed = CALIBRATION_SEED } = options;
  const seeds = prompts.map((_, index) => seed + index);
  const settings = drawingSettings(app, model, options);
  const folder = await localModel(model, options);
  await using pipeline = await loadPipeline(folder, {
    kind: app.kind,
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
    ...(share !== undefined && { share }),
    ...(ownBuckets !== undefined && { ownBuckets }),
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
