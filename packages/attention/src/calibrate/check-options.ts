import { axisOrders, type BlockPartition, partitionLayout } from "@paroattn/reorder";
import { CalibrationError } from "../errors.js";
import type { CriterionKind } from "../masks/criterion-for-density.js";
import type { CalibrationOptions } from "./options.js";
import type { CalibrationSubject } from "./subject.js";

const CRITERIA: readonly CriterionKind[] = ["globalBudget", "headDensity", "threshold", "topP"];

/** Throws a `CalibrationError` for options that no model could be calibrated with. */
export function checkOptions(
  options: CalibrationOptions,
  asked: { readonly densities: readonly number[]; readonly criteria: readonly CriterionKind[] },
): void {
  const { densities, criteria } = asked;
  const { prompts, seeds, alpha = 0.5, sigma = 0.5, watchSteps = 1 } = options;
  for (const density of densities) {
    if (!(density > 0 && density <= 1)) refuse("density in (0, 1]", density);
  }
  if (densities.length === 0) refuse("at least one density", "none");
  if (criteria.length === 0) refuse("at least one criterion", "none");
  const unknown = criteria.find((kind) => !CRITERIA.includes(kind));
  if (unknown !== undefined) refuse(`a criterion of ${CRITERIA.join(", ")}`, unknown);
  if (prompts.length === 0) refuse("at least one calibration prompt", "none");
  if (seeds.length !== prompts.length) {
    refuse(`${prompts.length} seeds, one a calibration prompt,`, seeds.length);
  }
  if (!seeds.every(Number.isSafeInteger)) refuse("whole numbers as seeds", seeds);
  if (!(alpha >= 0 && alpha <= 1)) refuse("alpha in [0, 1]", alpha);
  if (!(sigma >= 0 && sigma <= 1)) refuse("sigma in [0, 1]", sigma);
  const epsilon = typeof options.epsilon === "object" ? options.epsilon.c : (options.epsilon ?? 1);
  if (!(epsilon > 0 && Number.isFinite(epsilon))) refuse("a positive epsilon", epsilon);
  const { textOnlyShare = "off", share, ownBuckets = 1 } = options;
  if (textOnlyShare !== "off" && !(textOnlyShare > 0 && textOnlyShare <= 1)) {
    refuse('textOnlyShare in (0, 1] or "off"', textOnlyShare);
  }
  if (!(Number.isInteger(ownBuckets) && ownBuckets >= 1)) {
    refuse("a positive integer for ownBuckets", ownBuckets);
  }
  if (share === "all" && options.ownBuckets !== undefined) {
    refuse('no ownBuckets with share "all"', ownBuckets);
  }
  if (!(Number.isInteger(watchSteps) && watchSteps >= 1)) {
    refuse("a positive integer for watchSteps", watchSteps);
  }
}

/** Throws a `CalibrationError` where the model cannot reach a density, or has other heads than the forced orders. */
export function checkSubject(
  subject: CalibrationSubject,
  options: { readonly densities: readonly number[] } & Pick<CalibrationOptions, "forcedOrders">,
): void {
  const { layout, layers, heads } = subject;
  const floor = leastDensity(partitionLayout(layout));
  for (const density of options.densities) {
    if (density < floor) {
      refuse(
        `density of at least ${floor.toFixed(4)}, which the text and one visual key block per visual query block need,`,
        density,
      );
    }
  }
  const { forcedOrders } = options;
  if (forcedOrders === undefined || forcedOrders === "native") return;
  const fits = forcedOrders.length === layers && forcedOrders.every((row) => row.length === heads);
  if (!fits) {
    refuse(
      `forcedOrders for ${layers} layers of ${heads} heads`,
      `${forcedOrders.length} layers of ${forcedOrders[0]?.length ?? 0} heads`,
    );
  }
  const candidates = axisOrders(layout);
  const other = forcedOrders.flat().find((order) => !candidates.includes(order));
  if (other !== undefined) refuse(`forcedOrders among ${candidates.join(", ")}`, other);
}

/** A density below this fails unless every head looks only at text, and need not be calibrated for. */
function leastDensity({ starts, tokens, textBlocks, visualBlocks }: BlockPartition): number {
  const text = starts[textBlocks.end]! - starts[textBlocks.start]!;
  const lengths = Array.from(starts.subarray(1), (end, block) => end - starts[block]!);
  // Each visual query block has a visual key block, if only the shortest.
  const shortest = Math.min(...lengths.slice(visualBlocks.start, visualBlocks.end));
  const kept = text * tokens + (tokens - text) * (text + shortest);
  return kept / (tokens * tokens);
}

function refuse(expected: string, found: unknown): never {
  throw new CalibrationError({ expected, found: String(found) });
}
