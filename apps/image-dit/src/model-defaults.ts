import { resolve } from "node:path";
import { checkpointFolder, recommendedGuidance } from "@paroattn/sample-image";

/** Whether a model folder is the sample model's, however it is written. */
export function isSampleModel(model: string): boolean {
  return resolve(model) === checkpointFolder;
}

/** The guidance of who names none: the sample model's own; undefined leaves it to the pipeline. */
export function defaultGuidance(model: string): number | undefined {
  return isSampleModel(model) ? recommendedGuidance : undefined;
}
