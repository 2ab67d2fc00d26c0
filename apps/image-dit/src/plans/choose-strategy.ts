import { type AttentionStrategy, denseAttention, paroAttention } from "@paroattn/attention";
import type { AttentionPrecision, Backend } from "@paroattn/backend";
import { checkpointFolder } from "@paroattn/sample-image";
import type { Progress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { choosePlan, type PlanFlags } from "./choose-plan.js";

export interface StrategyFlags extends PlanFlags {
  readonly attention?: "dense" | "paro";
  /** Default: the plan's, else f32. */
  readonly precision?: AttentionPrecision;
}

/**
 * The strategy that the flags ask for; PARO with the plan that `choosePlan` finds. Dense unless something asks for PARO.
 *
 * @throws UsageError when the flags contradict each other or name no plan.
 */
export async function chooseStrategy(options: {
  readonly flags: StrategyFlags;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}): Promise<{ readonly strategy: AttentionStrategy; readonly model: string }> {
  const { flags } = options;
  const model = flags.model ?? checkpointFolder;
  const precision = flags.precision === undefined ? {} : { precision: flags.precision };
  const wantsPlan = flags.plan !== undefined || flags.density !== undefined;
  const attention = flags.attention ?? (wantsPlan ? "paro" : "dense");
  if (attention === "dense") {
    if (!wantsPlan) return { strategy: denseAttention(precision), model };
    const flag = flags.plan === undefined ? "--density" : "--plan";
    throw new UsageError(`Expected no ${flag} with --attention dense; PARO is --attention paro`);
  }
  return { strategy: paroAttention({ plan: await choosePlan(options), ...precision }), model };
}
