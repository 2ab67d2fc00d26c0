import { resolve } from "node:path";
import type { App } from "./app.js";
import { UsageError } from "./terminal/run-command.js";

/** Of the demo, and of `inspect`, so that both tell of one drawing. Fixed, so that everybody sees the same. */
export const DEMO_SEED = 7;

/**
 * The model that a command works with: the one that is named, else the app's sample model.
 *
 * @throws UsageError where none is named and the app has none.
 */
export function modelOf({ name, sample }: App, named: string | undefined): string {
  if (named !== undefined) return named;
  if (sample !== undefined) return sample.folder;
  throw new UsageError(
    `Expected --model with a diffusers folder, or owner/name of the hub, but found none; ${name} has no model of its own yet`,
  );
}

/** Whether a model folder is the sample model's, however it is written. */
export function isSampleModel({ sample }: App, model: string): boolean {
  return sample !== undefined && resolve(model) === sample.folder;
}

/** The steps of who names none: the sample model's own, else the pipeline's for this kind. */
export function defaultSteps(app: App, model: string): number {
  return isSampleModel(app, model) ? app.sample!.steps : app.defaults.steps;
}

/** The guidance of who names none: the sample model's own, else the pipeline's for this kind. */
export function defaultGuidance(app: App, model: string): number {
  return isSampleModel(app, model) ? app.sample!.guidance : app.defaults.guidance;
}
