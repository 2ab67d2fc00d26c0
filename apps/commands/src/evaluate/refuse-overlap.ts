import { cleanCaption } from "@paroattn/pipelines";
import { UsageError } from "../terminal/run-command.js";

const LISTED = 3;

/**
 * Evaluation must not meet what a plan was calibrated on: neither a prompt (as the model reads it, cleaned) nor a seed.
 *
 * @throws UsageError naming what overlaps.
 */
export function refuseOverlap(options: {
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
  readonly calibration: { readonly prompts: readonly string[]; readonly seeds: readonly number[] };
  /** The plan, in words. */
  readonly plan: string;
}): void {
  const { prompts, seeds, calibration, plan } = options;
  const calibrated = new Set(calibration.prompts.map((prompt) => cleanCaption(prompt)));
  const known = prompts.filter((prompt) => calibrated.has(cleanCaption(prompt)));
  if (known.length > 0) {
    const named = known.slice(0, LISTED).map((prompt) => JSON.stringify(prompt));
    const more = known.length > LISTED ? ` and ${known.length - LISTED} more` : "";
    throw new UsageError(
      `Expected prompts that ${plan} was not calibrated on but found ${named.join(", ")}${more}`,
    );
  }
  const seed = seeds.find((one) => calibration.seeds.includes(one));
  if (seed === undefined) return;
  throw new UsageError(
    `Expected seeds that ${plan} was not calibrated with but found ${seed}; it used ${calibration.seeds.join(", ")}`,
  );
}
