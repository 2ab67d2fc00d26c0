import { ScheduleError } from "./schedule-error.js";

/** At which steps of a run a strategy does something else than its sparse attention. */
export interface StepSchedule {
  /** So many steps at the start are dense. Default: 0. */
  readonly warmUp?: number;
  /**
   * Steps that are dense and at which the strategy looks anew at what it goes by: these 0-based steps, or every so many,
   * beginning with the first step after the warm-up. Default: none.
   */
  readonly refresh?: readonly number[] | { readonly every: number };
}

/** What a strategy does at a step. */
export type StepRole = "dense" | "refresh" | "sparse";

/**
 * The role of each step. A refresh within the warm-up is a refresh.
 *
 * Throws a `ScheduleError` for a warm-up longer than the run, a refresh at a step that the run does not have, and for
 * what is no count of steps.
 *
 * @example
 * stepRoles({ warmUp: 1, refresh: { every: 2 } }, 5); // ["dense", "refresh", "sparse", "refresh", "sparse"]
 */
export function stepRoles(schedule: StepSchedule, steps: number): readonly StepRole[] {
  const { warmUp = 0, refresh = [] } = schedule;
  if (!(Number.isInteger(warmUp) && warmUp >= 0 && warmUp <= steps)) {
    throw new ScheduleError({
      expected: `a warm-up of 0 to ${steps} steps, which the run has,`,
      found: String(warmUp),
    });
  }
  const roles = Array.from(
    { length: steps },
    (_, step): StepRole => (step < warmUp ? "dense" : "sparse"),
  );
  for (const step of refreshSteps({ warmUp, refresh, steps })) roles[step] = "refresh";
  return roles;
}

/** Throws a `ScheduleError` where a step is not one of the run's. */
export function checkSteps(name: string, chosen: readonly number[], steps: number): void {
  const outside = chosen.find((step) => !(Number.isInteger(step) && step >= 0 && step < steps));
  if (outside === undefined) return;
  throw new ScheduleError({
    expected: `${name} from 0 to ${steps - 1}`,
    found: String(outside),
  });
}

function refreshSteps(
  options: Required<StepSchedule> & { readonly steps: number },
): readonly number[] {
  const { warmUp, refresh, steps } = options;
  if (isList(refresh)) {
    checkSteps("refresh steps", refresh, steps);
    return refresh;
  }
  const { every } = refresh;
  if (!(Number.isInteger(every) && every >= 1)) {
    throw new ScheduleError({ expected: "a refresh every 1 or more steps", found: String(every) });
  }
  const count = Math.ceil((steps - warmUp) / every);
  return Array.from({ length: count }, (_, index) => warmUp + index * every);
}

function isList(refresh: Required<StepSchedule>["refresh"]): refresh is readonly number[] {
  return Array.isArray(refresh);
}
