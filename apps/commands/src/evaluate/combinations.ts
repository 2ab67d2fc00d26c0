import {
  type AttentionStrategy,
  type Plan,
  precisionFromName,
  type StepSchedule,
} from "@paroattn/attention";
import { nativeOrder } from "@paroattn/reorder";
import { type DenseSteps, hasDenseSteps } from "../strategies/dense-steps.js";
import {
  hasDensity,
  type PlanOrders,
  planOrders,
  type RunShape,
  type StrategyName,
  strategyEntry,
} from "../strategies/registry.js";

export interface PlannedCombination {
  readonly strategy: StrategyName;
  readonly plan: Plan;
  /** Of the whole run, to a few digits. */
  readonly density: number;
}

/** One way to compute attention, to be compared with the others. */
export interface Combination {
  readonly strategy: StrategyName;
  /** Executed over the run, as asked; for a strategy without a density of its own, what its dense steps come to. */
  readonly density: number;
  /** A name that `precisionFromName` reads. */
  readonly precision: string;
  readonly plan: Plan | undefined;
  /** Its dense steps; undefined for none. */
  readonly schedule?: StepSchedule | undefined;
  /** Of its sparse steps; undefined for a strategy that has none, or goes by a plan. */
  readonly sparseDensity?: number | undefined;
}

/** Every strategy at every density in every precision; some have one density. Grouped by precision. */
export function combine(options: {
  readonly strategies: readonly StrategyName[];
  /** Of those that go by a plan. */
  readonly planned: readonly PlannedCombination[];
  /** Of those that do not. */
  readonly densities: readonly number[];
  readonly precisions: readonly string[];
  readonly steps: DenseSteps;
  readonly run: RunShape;
}): Combination[] {
  const { strategies, planned, densities, precisions, steps, run } = options;
  const ofStrategy = (strategy: StrategyName): Omit<Combination, "precision">[] => {
    const schedule = isDense(strategy) ? {} : steps.scheduleOf(strategy);
    const common = { strategy, schedule: hasDenseSteps(schedule, run) ? schedule : undefined };
    if (planOrders(strategy) !== undefined) {
      return planned
        .filter((one) => one.strategy === strategy)
        .map(({ plan, density }) => ({ ...common, plan, density }));
    }
    if (!hasDensity(strategy)) {
      const density = isDense(strategy) ? 1 : steps.runDensity(strategy, 0);
      return [{ ...common, plan: undefined, density }];
    }
    return densities.map((density) => {
      const sparseDensity = steps.sparseDensity(strategy, density);
      return { ...common, plan: undefined, density, sparseDensity };
    });
  };
  return precisions.flatMap((precision) =>
    strategies.flatMap(ofStrategy).map((one) => ({ ...one, precision })),
  );
}

/** Dense at every step, whatever the schedule. */
export function isDense(strategy: StrategyName): boolean {
  return strategy === "dense" || strategy === "noise-floor";
}

export function attentionOf(
  combination: Combination,
  { frames }: Pick<RunShape, "frames">,
): AttentionStrategy {
  const { strategy, plan, schedule = {}, sparseDensity } = combination;
  return strategyEntry(strategy).make({
    frames,
    schedule,
    precision: precisionFromName(combination.precision),
    ...(plan && { plan }),
    ...(sparseDensity !== undefined && { density: sparseDensity }),
  });
}

/** Native orders are a control's where they were forced upon a plan; one whose heads chose them is none. */
export function ordersOfPlan({ scoring, orders, layout }: Plan): PlanOrders {
  const native = nativeOrder(layout);
  const forced = scoring.orders === "forced" && orders.flat().every((order) => order === native);
  return forced ? "native" : "chosen";
}

/** "paro 0.3": how people meet a strategy at a density. */
export function nameOf({
  strategy,
  density,
}: {
  readonly strategy: StrategyName;
  readonly density: number;
}): string {
  return hasDensity(strategy) ? `${strategy} ${density}` : strategy;
}

/** "paro 0.3, int8": how people meet a combination. */
export function describeCombination(
  combination: Pick<Combination, "strategy" | "density" | "precision">,
): string {
  return `${nameOf(combination)}, ${combination.precision}`;
}
