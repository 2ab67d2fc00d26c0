import type { Progress } from "./progress.js";

/** One report of a pipeline: the stage and, in the denoising loop, the steps done so far. */
export interface StageProgress {
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
}

/** Shows a pipeline's reports on the bar, under a title such as "dense". */
export function showOn(progress: Progress, title: string): (report: StageProgress) => void {
  return ({ stage, step, steps }) =>
    progress.update(`${title} ${stage}`, steps > 0 ? step / steps : 0);
}
