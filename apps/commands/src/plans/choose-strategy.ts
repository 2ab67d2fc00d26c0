import type { AttentionStrategy } from "@paroattn/attention";
import type { AttentionPrecision } from "@paroattn/backend";
import type { Context } from "../context.js";
import { defaultSteps, modelOf } from "../model.js";
import { denseSteps } from "../strategies/dense-steps.js";
import {
  hasDensity,
  planOrders,
  type StrategyName,
  strategyEntry,
} from "../strategies/registry.js";
import { UsageError } from "../terminal/run-command.js";
import { choosePlan, type PlanFlags } from "./choose-plan.js";
import { readSchedule, type ScheduleFlags } from "./schedule.js";

export interface StrategyFlags extends PlanFlags, ScheduleFlags {
  readonly attention?: StrategyName;
  /** Default: the plan's, else f32. */
  readonly precision?: AttentionPrecision;
}

/**
 * The strategy that the flags ask for; PARO's with the plan that `choosePlan` finds. Dense unless something asks for PARO.
 *
 * @throws UsageError when the flags contradict each other or name no plan.
 */
export async function chooseStrategy(
  flags: StrategyFlags,
  context: Context,
): Promise<AttentionStrategy> {
  const { app } = context;
  const wantsPlan = flags.plan !== undefined || flags.density !== undefined;
  const attention = flags.attention ?? (wantsPlan ? "paro" : "dense");
  const { paper, make } = strategyEntry(attention);
  // A clip of one frame is a picture to a strategy.
  const frames = app.kind === "image" ? 1 : (flags.frames ?? Number.POSITIVE_INFINITY);
  const run = { steps: flags.steps ?? defaultSteps(app, modelOf(app, flags.model)), frames };
  const isDense = attention === "dense" || attention === "noise-floor";
  const given = readSchedule(app, flags, { usesSteps: !isDense });
  refuseNeedless(attention, flags);
  const schedule = given ?? paper(run);
  const sparse =
    flags.density === undefined || flags.plan !== undefined
      ? flags.density
      : denseSteps({ kind: "common", given: schedule, strategies: [attention], run }).sparseDensity(
          attention,
          flags.density,
        );
  const { density: _run, ...others } = flags;
  const chosen = { ...others, ...(sparse !== undefined && { density: sparse }) };
  const orders = planOrders(attention);
  const plan = orders && (await choosePlan(chosen, context, { orders }));
  return make({
    frames,
    schedule,
    ...(plan && { plan }),
    ...(sparse !== undefined && { density: sparse }),
    ...(flags.precision && { precision: flags.precision }),
  });
}

function refuseNeedless(attention: StrategyName, { density, plan }: PlanFlags): void {
  if (density !== undefined && !hasDensity(attention)) {
    throw new UsageError(
      `Expected no --density with --attention ${attention}; PARO is --attention paro`,
    );
  }
  if (plan !== undefined && planOrders(attention) === undefined) {
    throw new UsageError(
      `Expected no --plan with --attention ${attention}; PARO is --attention paro`,
    );
  }
}
