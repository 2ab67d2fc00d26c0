import { CalibrationError } from "../errors.js";
import { DEFAULT_WINDOW } from "./ditfastattn.js";
import type { FindSharingPlanOptions } from "./search-options.js";
import { searchStrategy } from "./search-strategy.js";
import type { SharingPlan } from "./sharing-plan.js";

const DEFAULT_THRESHOLD = 0.05;

/**
 * DiTFastAttn's greedy search (Algorithm 1): step by step and layer by layer, the most saving method with which the model's output stays
 * within the threshold of its answer in full. The first step is full. It runs the model up to 4 times a step and layer.
 *
 * Throws a `CalibrationError` for options out of range, a `resume` of another search or model, a second generation, and a runtime that
 * does not ask `stepDone`; the signal's reason; and whatever `generate` throws.
 *
 * @example
 * const plan = await findSharingPlan({
 *   prompts: ["a red circle", "a blue star"],
 *   seeds: [1, 2],
 *   generate: async (attention) => {
 *     await pipeline.generate({ prompt: ["a red circle", "a blue star"], seed: 1, batchSize: 2, attention });
 *   },
 *   onStep: (plan) => writeSharingPlan("sharing.json", plan),
 * });
 */
export async function findSharingPlan(options: FindSharingPlanOptions): Promise<SharingPlan> {
  const { prompts, seeds, settings, threshold = DEFAULT_THRESHOLD } = options;
  const { window = DEFAULT_WINDOW, resume, generate } = options;
  if (prompts.length === 0) refuse("at least one calibration prompt", "none");
  if (seeds.length !== prompts.length || !seeds.every(Number.isSafeInteger)) {
    refuse(`${prompts.length} whole numbers as seeds, one a calibration prompt,`, seeds.join(", "));
  }
  if (!(threshold > 0 && threshold < Number.POSITIVE_INFINITY)) {
    refuse("a positive threshold", String(threshold));
  }
  const calibration = { prompts, seeds, ...(settings !== undefined && { settings }) };
  const search = { threshold, window, calibration };
  for (const name of ["threshold", "window", "calibration"] as const) {
    const [expected, found] = [JSON.stringify(search[name]), JSON.stringify(resume?.[name])];
    if (resume !== undefined && found !== expected) {
      refuse(`a search to go on with of the same ${name}, ${expected},`, found!);
    }
  }
  const { strategy, result } = searchStrategy({ ...options, ...search });
  options.signal?.throwIfAborted();
  await generate(strategy);
  return result();
}

function refuse(expected: string, found: string): never {
  throw new CalibrationError({ expected, found });
}
