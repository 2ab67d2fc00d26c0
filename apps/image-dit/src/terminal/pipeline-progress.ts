import type { GenerateProgress } from "@paroattn/pipelines";
import type { Progress } from "./progress.js";

/** Shows a pipeline's reports on the bar, under a title such as "dense". */
export function showOn(progress: Progress, title: string): (report: GenerateProgress) => void {
  return ({ stage, done }) => progress.update(`${title}, ${stage}`, done);
}
