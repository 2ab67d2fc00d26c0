/** Steps of a run that are watched, spread evenly over it. */
export const WATCHED_STEPS = 4;

/** The watched ones among so many steps, 0-based; all of a shorter run. */
export function watchedSteps(steps: number): number[] {
  const count = Math.min(WATCHED_STEPS, steps);
  const stretch = (at: number) => Math.floor((at * count) / steps + 0.5);
  return Array.from({ length: steps }, (_, step) => step).filter(
    (step) => stretch(step + 1) > stretch(step),
  );
}
