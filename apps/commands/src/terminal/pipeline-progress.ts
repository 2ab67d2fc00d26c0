import type { GenerateProgress } from "@paroattn/pipelines";
import type { Progress } from "./progress.js";

/** Shows a pipeline's reports on the bar, under a title such as "dense". Steps that are done are told of the loop; others are bytes or layers. */
export function showOn(progress: Progress, title: string): (report: GenerateProgress) => void {
  return ({ stage, step, steps, done }) => {
    const detail = stage === "denoise" ? `step ${step}/${steps}` : undefined;
    progress.update(`${title}, ${stage}`, done, detail);
  };
}
