import { type AttentionStrategy, denseAttention, paroAttention } from "@paroattn/attention";
import type { AttentionPrecision } from "@paroattn/backend";
import type { Context } from "../context.js";
import { UsageError } from "../terminal/run-command.js";
import { choosePlan, type PlanFlags } from "./choose-plan.js";
import { readSchedule, type ScheduleFlags } from "./schedule.js";

export interface StrategyFlags extends PlanFlags, ScheduleFlags {
  readonly attention?: "dense" | "paro";
  /** Default: the plan's, else f32. */
  readonly precision?: AttentionPrecision;
}

/**
 * The strategy that the flags ask for; PARO with the plan that `choosePlan` finds. Dense unless something asks for PARO.
 *
 * @throws UsageError when the flags contradict each other or name no plan.
 */
export async function chooseStrategy(
  flags: StrategyFlags,
  context: Context,
): Promise<AttentionStrategy> {
  const precision = flags.precision === undefined ? {} : { precision: flags.precision };
  const wantsPlan = flags.plan !== undefined || flags.density !== undefined;
  const attention = flags.attention ?? (wantsPlan ? "paro" : "dense");
  const schedule = readSchedule(context.app, flags, { usesParo: attention === "paro" });
  if (attention === "dense") {
    if (!wantsPlan) return denseAttention(precision);
    const flag = flags.plan === undefined ? "--density" : "--plan";
    throw new UsageError(`Expected no ${flag} with --attention dense; PARO is --attention paro`);
  }
  const plan = await choosePlan(flags, context);
  return paroAttention({ plan, ...precision, ...(schedule && { schedule }) });
}
