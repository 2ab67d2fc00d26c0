import type { Context } from "../context.js";
import type { PlannedCombination } from "./combinations.js";
import { choosePlans, DEFAULT_DENSITIES, sampleModelPlans } from "./plans.js";
import { refuseOverlap } from "./refuse-overlap.js";
import type { Request } from "./request.js";

/**
 * The plans of a request: those of `--plan`, or the sample model's, of which missing ones are calibrated.
 *
 * @throws UsageError where there is none for what was asked, or calibration saw a prompt or a seed.
 */
export async function plansFor(request: Request, context: Context): Promise<PlannedCombination[]> {
  const { plans, flags, isSample } = request;
  const strategies = request.strategies?.filter((strategy) => strategy !== "dense");
  if (strategies?.length === 0) return [];
  if (plans !== undefined) return choosePlans({ plans, strategies, densities: flags.density });
  if (!isSample) return [];
  const planned = await sampleModelPlans({
    ...context,
    ...(flags.width !== undefined && { width: flags.width }),
    ...(flags.height !== undefined && { height: flags.height }),
    ...(flags.frames !== undefined && { frames: flags.frames }),
    strategies: strategies ?? ["paro", "paro-native"],
    densities: flags.density ?? DEFAULT_DENSITIES,
  });
  const { prompts, seeds } = request;
  for (const { plan } of planned) {
    const name = `the sample model's plan for density ${plan.density.asked}`;
    refuseOverlap({ prompts, seeds, calibration: plan.calibration, plan: name });
  }
  return planned;
}
