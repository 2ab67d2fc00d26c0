import type { StepSchedule } from "./step-schedule.js";

/**
 * The dense steps that Re-ttention gives to itself and to everything it compares with (section 5): a quarter of an image's steps
 * at the start (5 of 20), three tenths of a video's (15 of 50), and then every fifth.
 */
export function defaultSchedule({
  layout,
  steps,
}: {
  readonly layout: { readonly frames: number };
  readonly steps: number;
}): StepSchedule {
  const warmUp = Math.floor(layout.frames === 1 ? steps / 4 : (3 * steps) / 10);
  return { warmUp, refresh: { every: 5 } };
}
