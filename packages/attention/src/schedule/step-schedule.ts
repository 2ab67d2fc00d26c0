import { ScheduleError } from "./schedule-error.js";

/** These 0-based steps, or every so many after the warm-up. */
export type StepChoice = readonly number[] | { readonly every: number };

/** At which steps of a run a strategy does something else than its sparse attention. */
export interface StepSchedule {
  /** So many steps at the start are dense. Default: 0. */
  readonly warmUp?: number;
  /**
   * Steps that are dense and at which the strategy looks anew at what it goes by. Every so many begins with the first step
   * after the warm-up. Default: none.
   */
  readonly refresh?: StepChoice;
  /**
   * Steps that are dense and no more; a refresh at the same step goes first. Every so many begins as those of `refresh` do, so
   * that a strategy which need not look anew can have the dense steps of one that does. Default: none.
   */
  readonly dense?: StepChoice;
  /**
   * Steps that take each site's last output as it is; a refresh or a dense step goes first. Every so many ends each stretch
   * of so many steps after the warm-up: every second is computed, reused, computed, reused. Default: none.
   */
  readonly reuse?: StepChoice;
}

/** What a strategy does at a step. */
export type StepRole = "dense" | "refresh" | "sparse" | "reuse";

/**
 * The role of each step. A refresh within the warm-up is a refresh.
 *
 * Throws a `ScheduleError` for a warm-up longer than the run, a step that the run does not have, a reuse before anything was
 * computed or within the warm-up, and for what is no count of steps.
 *
 * @example
 * stepRoles({ warmUp: 1, refresh: { every: 2 } }, 5); // ["dense", "refresh", "sparse", "refresh", "sparse"]
 * stepRoles({ warmUp: 1, reuse: { every: 2 } }, 5); // ["dense", "sparse", "reuse", "sparse", "reuse"]
 */
export function stepRoles(schedule: StepSchedule, steps: number): readonly StepRole[] {
  const { warmUp = 0, refresh = [], dense = [], reuse = [] } = schedule;
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
  for (const step of chosenSteps("reuse", reuse, { warmUp, steps, last: true })) {
    if (step < warmUp) {
      throw new ScheduleError({
        expected: `steps to reuse after the warm-up of ${warmUp}`,
        found: String(step),
      });
    }
    roles[step] = "reuse";
  }
  for (const step of chosenSteps("dense", dense, { warmUp, steps })) roles[step] = "dense";
  for (const step of chosenSteps("refresh", refresh, { warmUp, steps })) roles[step] = "refresh";
  if (roles[0] === "reuse") {
    throw new ScheduleError({
      expected: "a step that is computed before the first one that reuses its output",
      found: "none before step 0",
    });
  }
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

function chosenSteps(
  name: "refresh" | "dense" | "reuse",
  choice: StepChoice,
  run: {
    readonly warmUp: number;
    readonly steps: number;
    /** The last step of each stretch, not the first. */
    readonly last?: boolean;
  },
): readonly number[] {
  const { warmUp, steps, last = false } = run;
  if (isList(choice)) {
    checkSteps(`${name} steps`, choice, steps);
    return choice;
  }
  const { every } = choice;
  if (!(Number.isInteger(every) && every >= 1)) {
    const what = name === "dense" ? "a dense step" : `a ${name}`;
    throw new ScheduleError({ expected: `${what} every 1 or more steps`, found: String(every) });
  }
  const first = warmUp + (last ? every - 1 : 0);
  const count = Math.max(0, Math.ceil((steps - first) / every));
  return Array.from({ length: count }, (_, index) => first + index * every);
}

function isList(choice: StepChoice): choice is readonly number[] {
  return Array.isArray(choice);
}
