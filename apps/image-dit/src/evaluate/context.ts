import type { Backend } from "@paroattn/backend";
import type { Progress } from "../terminal/progress.js";

/** What every part of a command's work needs. */
export interface Context {
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}
