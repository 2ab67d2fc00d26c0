import { PlanError } from "../errors.js";
import { differences, type ModelShape } from "../model-match.js";
import type { GenerationInfo } from "../strategy.js";
import { checkBuckets } from "./check-buckets.js";
import type { Plan } from "./plan.js";

/**
 * Throws a `PlanError` for another architecture, layout, or number of layers or heads than the plan's, or timesteps on
 * another scale, naming what differs. Other weights (an fp16 copy, a fine-tune) are warned of.
 */
export async function checkFit(plan: Plan, generation: GenerationInfo): Promise<void> {
  checkShape(plan, generation);
  checkBuckets(plan, generation.timesteps);
  await warnOfOtherWeights(plan, generation);
}

/** Throws a `PlanError` for another architecture, layout, or number of layers or heads, naming what differs. */
export function checkShape(plan: ModelShape, generation: GenerationInfo): void {
  const differing = differences(plan, generation);
  if (differing === undefined) return;
  throw new PlanError({
    expected: `a model that fits the plan: ${differing.expected},`,
    found: differing.found,
  });
}

/** Other weights are used all the same. */
export async function warnOfOtherWeights(
  plan: { readonly weightsFingerprint: string },
  generation: GenerationInfo,
): Promise<void> {
  const fingerprint = await generation.weightsFingerprint();
  if (fingerprint === plan.weightsFingerprint) return;
  generation.warn(
    `The plan was calibrated on other weights (fingerprint ${short(plan.weightsFingerprint)}, these have ${short(fingerprint)}); it is used all the same, and the picture may suffer`,
  );
}

function short(fingerprint: string): string {
  return fingerprint.slice(0, 12);
}
