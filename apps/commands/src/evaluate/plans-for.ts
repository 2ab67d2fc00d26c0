import type { Context } from "../context.js";
import type { DenseSteps } from "../strategies/dense-steps.js";
import { planOrders } from "../strategies/registry.js";
import type { PlannedCombination } from "./combinations.js";
import { choosePlans, sampleModelPlans } from "./plans.js";
import { refuseOverlap } from "./refuse-overlap.js";
import type { Request } from "./request.js";

/**
 * The plans of a request: those of `--plan`, or the sample model's, of which missing ones are calibrated.
 *
 * @throws UsageError where there is none for what was asked, or calibration saw a prompt or a seed.
 */
export async function plansFor(
  request: Request,
  options: Context & { readonly steps: DenseSteps; readonly densities: readonly number[] },
): Promise<PlannedCombination[]> {
  const { steps, densities, ...context } = options;
  const { plans, flags, isSample } = request;
  const strategies = request.strategies?.filter((name) => planOrders(name) !== undefined);
  if (strategies?.length === 0) return [];
  if (plans !== undefined) {
    return choosePlans({ plans, strategies, densities: flags.density, steps });
  }
  if (!isSample) return [];
  const planned = await sampleModelPlans({
    ...context,
    ...(flags.width !== undefined && { width: flags.width }),
    ...(flags.height !== undefined && { height: flags.height }),
    ...(flags.frames !== undefined && { frames: flags.frames }),
    strategies: strategies ?? ["paro", "paro-native"],
    densities,
    steps,
  });
  const { prompts, seeds } = request;
  for (const { plan } of planned) {
    const name = `the sample model's plan for density ${plan.density.asked}`;
    refuseOverlap({ prompts, seeds, calibration: plan.calibration, plan: name });
  }
  return planned;
}
