import { describeLayout, layoutsEqual } from "@paroattn/reorder";
import { PlanError } from "../errors.js";
import type { GenerationInfo } from "../strategy.js";
import type { Plan } from "./plan.js";

/**
 * Refuses a plan that was made for something else, naming all that differs. Other weights are a warning: an fp16
 * copy or a fine-tune mostly keeps its patterns.
 *
 * @throws PlanError naming the plan's and the model's architecture, layout, layers or heads.
 */
export async function checkPlanFits(plan: Plan, generation: GenerationInfo): Promise<void> {
  const differences: string[] = [];
  const compare = (name: string, planned: string | number, found: string | number) => {
    if (planned !== found) differences.push(`${name} ${planned} but found ${found}`);
  };
  compare("architecture", plan.architecture, generation.architecture);
  if (!layoutsEqual(plan.layout, generation.layout)) {
    compare("a token layout of", describeLayout(plan.layout), describeLayout(generation.layout));
  }
  compare("layers", plan.layers, generation.layers);
  compare("heads", plan.heads, generation.heads);
  if (differences.length > 0) {
    throw new PlanError(
      `The plan was made for another model or size: expected ${differences.join(", ")}`,
    );
  }
  if ((await generation.weightsFingerprint()) !== plan.weightsFingerprint) {
    generation.warn(
      "the plan was calibrated on other weights of the same architecture; the picture may differ more from dense",
    );
  }
}
