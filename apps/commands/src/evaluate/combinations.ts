import {
  type AttentionStrategy,
  denseAttention,
  type Plan,
  paroAttention,
  precisionFromName,
} from "@paroattn/attention";
import { nativeOrder } from "@paroattn/reorder";
import type { ParoSchedule } from "../plans/schedule.js";

/** `paro-native` is PARO's control: masks of its own, every head in native order. */
export const STRATEGIES = ["dense", "paro", "paro-native"] as const;

export type StrategyName = (typeof STRATEGIES)[number];

/** The strategies that need a plan. */
export type PlannedStrategy = Exclude<StrategyName, "dense">;

export interface PlannedCombination {
  readonly strategy: PlannedStrategy;
  readonly plan: Plan;
}

/** One way to compute attention, to be compared with the others. */
export interface Combination {
  readonly strategy: StrategyName;
  /** As asked; 1 for dense. */
  readonly density: number;
  /** A name that `precisionFromName` reads. */
  readonly precision: string;
  readonly plan: Plan | undefined;
  /** Of PARO; none: the plan's masks at every step. */
  readonly schedule?: ParoSchedule | undefined;
}

/** Every strategy at every density in every precision; dense has one density. Grouped by precision. */
export function combine(options: {
  readonly dense: boolean;
  readonly planned: readonly PlannedCombination[];
  readonly precisions: readonly string[];
  readonly schedule?: ParoSchedule | undefined;
}): Combination[] {
  const { dense, planned, precisions, schedule } = options;
  return precisions.flatMap((precision) => [
    ...(dense ? [{ strategy: "dense" as const, density: 1, precision, plan: undefined }] : []),
    ...planned.map(({ strategy, plan }) => {
      return { strategy, density: plan.density.asked, precision, plan, schedule };
    }),
  ]);
}

export function attentionOf(combination: Combination): AttentionStrategy {
  const { plan, schedule } = combination;
  const precision = precisionFromName(combination.precision);
  if (plan === undefined) return denseAttention({ precision });
  return paroAttention({ plan, precision, ...(schedule && { schedule }) });
}

/** A plan is the control where native orders were forced upon it; one whose heads chose them is not. */
export function strategyOfPlan({ scoring, orders, layout }: Plan): PlannedStrategy {
  const native = nativeOrder(layout);
  const forced = scoring.orders === "forced" && orders.flat().every((order) => order === native);
  return forced ? "paro-native" : "paro";
}

/** "paro 0.3, int8": how people meet a combination. */
export function describeCombination(combination: {
  readonly strategy: string;
  readonly density: number;
  readonly precision: string;
}): string {
  const { strategy, density, precision } = combination;
  return `${strategy === "dense" ? strategy : `${strategy} ${density}`}, ${precision}`;
}
