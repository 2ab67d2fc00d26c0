import type { GenerateOptions, GenerateResult, Pipeline } from "@paroattn/pipelines";
import type { DrawingSettings } from "../drawing-settings.js";
import type { Subject } from "./subject.js";

/** Draws one subject in one way. */
export type DrawSubject = (
  subject: Subject,
  options: Pick<GenerateOptions, "steps" | "attention" | "onProgress">,
) => Promise<GenerateResult>;

/** Draws subjects with the settings that all of them share; each warning is told once. */
export function subjectDrawer(options: {
  readonly pipeline: Pipeline;
  readonly settings: Required<Omit<DrawingSettings, "steps">>;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}): DrawSubject {
  const { pipeline, warn, signal } = options;
  const { guidance, width, height, frames } = options.settings;
  const warned = new Set<string>();
  const onWarning = (message: string) => {
    if (!warned.has(message)) warn(message);
    warned.add(message);
  };
  return ({ prompt, seed }, how) =>
    pipeline.generate({
      prompt,
      seed,
      guidance,
      width,
      height,
      frames,
      signal,
      onWarning,
      ...how,
    });
}
