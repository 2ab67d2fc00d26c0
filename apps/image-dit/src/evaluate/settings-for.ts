import { arch, cpus } from "node:os";
import { denseAttention } from "@paroattn/attention";
import { loadPipeline } from "@paroattn/pipelines";
import { defaultGuidance } from "../model-defaults.js";
import type { Context } from "./context.js";
import type { EvaluationSettings } from "./evaluation.js";
import { fingerprintModel } from "./model-fingerprint.js";
import type { Request } from "./request.js";
import { installedSoftware } from "./software.js";

const DEFAULT_STEPS = 20;
/** The pipelines' own; named, because a result is found again by it. */
const DEFAULT_GUIDANCE = 4.5;

/** What every picture of the request has in common, with all defaults named. */
export async function settingsFor(
  { model, flags }: Request,
  { backend, progress, signal }: Context,
): Promise<EvaluationSettings> {
  // Nothing is loaded yet: this only looks at the folder, refuses what is none, and tells the size.
  await using pipeline = await loadPipeline(model, {
    kind: "image",
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
    steps: flags.steps ?? DEFAULT_STEPS,
    guidance: flags.guidance ?? defaultGuidance(model) ?? DEFAULT_GUIDANCE,
    width: flags.width ?? pipeline.defaultSize.width,
    height: flags.height ?? pipeline.defaultSize.height,
    backend: backend.description,
    processor: cpus()[0]?.model ?? arch(),
    software: await installedSoftware(),
  };
}
