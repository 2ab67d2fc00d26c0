import type { App } from "./app.js";
import { defaultGuidance, defaultSteps } from "./model.js";

/** Numbers that decide what is drawn, as flags name them; what is not there is the model's to decide. */
export interface DrawingSettings {
  readonly steps?: number;
  readonly guidance?: number;
  /** In pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Of a video. */
  readonly frames?: number;
}

/** Those of the flags, with the sample model's own guidance where it draws and none is named. */
export function drawingSettings(app: App, model: string, flags: DrawingSettings) {
  const { width, height, frames, steps = defaultSteps(app, model) } = flags;
  const guidance = flags.guidance ?? defaultGuidance(app, model);
  return withoutUndefined({ steps, guidance, width, height, frames });
}

type WithoutUndefined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function withoutUndefined<T extends object>(record: T): WithoutUndefined<T> {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as WithoutUndefined<T>;
}
