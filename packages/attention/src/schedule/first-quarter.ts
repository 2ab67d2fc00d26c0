import type { GenerationInfo } from "../strategy.js";
import type { StepSchedule } from "./step-schedule.js";

/** The first quarter of the steps dense, as Sparse VideoGen and DraftAttention have it in their papers. */
export function firstQuarter({ steps }: Pick<GenerationInfo, "steps">): StepSchedule {
  return { warmUp: Math.floor(steps / 4) };
}
