import { inspectAttention, type LayerView, type Plan } from "@paroattn/attention";
import { loadPipeline } from "@paroattn/pipelines";
import type { Context } from "../context.js";
import { type DrawingSettings, drawingSettings } from "../drawing-settings.js";
import { localModel } from "../hub/local-model.js";
import { showOn } from "../terminal/pipeline-progress.js";

export interface WatchModelOptions extends Context, DrawingSettings {
  readonly model: string;
  readonly plan: Plan;
  readonly prompt: string;
  readonly negative?: string;
  readonly seed: number;
  /** 0-based. Default: the middle step. */
  readonly step?: number;
  /** 0-based. Default: all. */
  readonly layer?: number;
  /** Called for each layer; the model waits for it. */
  readonly visit: (view: LayerView) => Promise<void>;
}

/** Runs a model dense up to the step that is asked for, shows its layers, and stops there: the rest draws no more to see. */
export async function watchModel(options: WatchModelOptions): Promise<void> {
  const { app, model, plan, prompt, seed, backend, progress, warn } = options;
  const seen = new AbortController();
  const signal = AbortSignal.any([options.signal, seen.signal]);
  const attention = inspectAttention({
    plan,
    ...(options.step !== undefined && { step: options.step }),
    ...(options.layer !== undefined && { layer: options.layer }),
    visit: async (view) => {
      await options.visit(view);
      if (view.layer === (options.layer ?? plan.layers - 1)) seen.abort();
    },
    onProgress: ({ stage, site, sites }) =>
      progress.update(stage === "before" ? "dense, up to the step" : "the step", site / sites),
  });
  await using pipeline = await loadPipeline(await localModel(model, options), {
    kind: app.kind,
    backend,
    attention,
    residency: "eager",
    signal,
  });
  const show = showOn(progress, "inspect");
  try {
    await pipeline.generate({
      prompt,
      seed,
      signal,
      onWarning: warn,
      // The strategy tells how far the loop is: it ends before the loop does.
      onProgress: (report) => {
        if (report.stage !== "denoise") show(report);
      },
      ...(options.negative !== undefined && { negativePrompt: options.negative }),
      ...drawingSettings(app, model, options),
    });
  } catch (error) {
    if (!seen.signal.aborted || options.signal.aborted) throw error;
  }
}
