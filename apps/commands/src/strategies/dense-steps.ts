import { ScheduleError, type StepSchedule, stepRoles } from "@paroattn/attention";
import { UsageError } from "../terminal/run-command.js";
import { type RunShape, type StrategyName, strategyEntry } from "./registry.js";

/** Digits of a density that is worked out. */
const DENSITY_DIGITS = 4;

/** Which steps of a run are dense, for each strategy of a comparison, and what that leaves to the sparse ones. */
export interface DenseSteps {
  scheduleOf(strategy: StrategyName): StepSchedule;
  /**
   * The density of the sparse steps at which a strategy executes `density` over the whole run.
   *
   * @throws UsageError where its dense steps alone take as much.
   */
  sparseDensity(strategy: StrategyName, density: number): number;
  /** The density of the whole run where that of the sparse steps is given. */
  runDensity(strategy: StrategyName, sparse: number): number;
}

const WORK = {
  dense: { fixed: 1, ofSparse: 0 },
  sparse: { fixed: 0, ofSparse: 1 },
  reuse: { fixed: 0, ofSparse: 0 },
} as const;

/**
 * The dense steps of a comparison. `common`: the same ones for all, those given, or where none are given and a strategy of the
 * list needs some, `commonSchedule`. `paper`: each its own.
 *
 * @throws UsageError naming the strategy whose schedule does not go with the run.
 */
export function denseSteps(options: {
  readonly kind: "common" | "paper";
  /** By flags. */
  readonly given: StepSchedule | undefined;
  readonly strategies: readonly StrategyName[];
  readonly run: RunShape;
}): DenseSteps {
  const { kind, given, strategies, run } = options;
  const needed = strategies.some((name) => hasDenseSteps(strategyEntry(name).paper(run), run));
  const common = given ?? (needed ? commonSchedule(run) : {});
  const scheduleOf = (strategy: StrategyName) =>
    kind === "paper" ? strategyEntry(strategy).paper(run) : common;
  const workOf = (strategy: StrategyName) => {
    const { refreshWork = () => ({ fixed: 1, ofSparse: 0 }) } = strategyEntry(strategy);
    const roles = rolesOf(strategy, scheduleOf(strategy), run.steps);
    const work = { dense: 0, sparse: 0 };
    for (const [step, role] of roles.entries()) {
      const first = roles.indexOf("refresh") === step;
      const { fixed, ofSparse } = role === "refresh" ? refreshWork({ first }) : WORK[role];
      work.dense += fixed;
      work.sparse += ofSparse;
    }
    return work;
  };
  return {
    scheduleOf,
    runDensity(strategy, sparse) {
      const work = workOf(strategy);
      return round((work.dense + work.sparse * sparse) / run.steps);
    },
    sparseDensity(strategy, density) {
      const work = workOf(strategy);
      const sparse = round((density * run.steps - work.dense) / work.sparse);
      if (work.sparse > 0 && sparse > 0) return sparse;
      throw new UsageError(
        `Expected a density above ${round(work.dense / run.steps)} for ${strategy}, which its dense steps alone take (${work.dense} of ${run.steps}), but found ${density}; --warm-up and --refresh choose them`,
      );
    },
  };
}

/**
 * The dense steps of a comparison where nobody names any: a twentieth of the steps at the start, then the first sparse step and
 * every half run as refreshes. 20 steps have 3 dense ones, 50 have 5: few enough to leave a run of density 0.3 something to do.
 */
function commonSchedule({ steps }: RunShape): StepSchedule {
  return {
    warmUp: Math.max(1, Math.round(steps / 20)),
    refresh: { every: Math.max(1, Math.ceil(steps / 2)) },
  };
}

/** Whether a schedule makes any step dense. */
export function hasDenseSteps(schedule: StepSchedule, { steps }: Pick<RunShape, "steps">): boolean {
  return stepRoles(schedule, steps).some((role) => role !== "sparse");
}

function rolesOf(strategy: StrategyName, schedule: StepSchedule, steps: number) {
  try {
    return stepRoles(schedule, steps);
  } catch (error) {
    if (!ScheduleError.isInstance(error)) throw error;
    throw new UsageError(`${strategy}: ${error.message}`);
  }
}

function round(density: number): number {
  return Number(density.toFixed(DENSITY_DIGITS));
}
