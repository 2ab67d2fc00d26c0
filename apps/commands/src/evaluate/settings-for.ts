import { arch, cpus } from "node:os";
import { denseAttention } from "@paroattn/attention";
import { loadPipeline } from "@paroattn/pipelines";
import type { Context } from "../context.js";
import type { DrawingSettings } from "../drawing-settings.js";
import { defaultGuidance, defaultSteps } from "../model.js";
import type { EvaluationSettings } from "./evaluation.js";
import { fingerprintModel } from "./model-fingerprint.js";
import type { Request } from "./request.js";
import { installedSoftware } from "./software.js";

/** What every picture of the request has in common, with all defaults named, because a result is found again by them. */
export async function settingsFor(
  { model, flags }: Pick<Request, "model"> & { readonly flags: DrawingSettings },
  { app, backend, progress, signal }: Context,
): Promise<EvaluationSettings> {
  // Nothing is loaded yet: this only looks at the folder, refuses what is none, and tells the size.
  await using pipeline = await loadPipeline(model, {
    kind: app.kind,
    backend,
    attention: denseAttention(),
    residency: "eager",
    signal,
  });
  return {
    model: await fingerprintModel(model, {
      signal,
      onProgress: (done) => progress.update("fingerprint", done),
    }),
    steps: flags.steps ?? defaultSteps(app, model),
    guidance: flags.guidance ?? defaultGuidance(app, model),
    width: flags.width ?? pipeline.defaultSize.width,
    height: flags.height ?? pipeline.defaultSize.height,
    frames: flags.frames ?? pipeline.defaultFrames,
    backend: backend.description,
    processor: cpus()[0]?.model ?? arch(),
    software: await installedSoftware(app.module),
  };
}
