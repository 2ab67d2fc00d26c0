import type { Backend } from "@paroattn/backend";
import type { App } from "./app.js";
import type { Progress } from "./terminal/progress.js";

/** What every part of a command's work needs. */
export interface Context {
  readonly app: App;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}
