import { checkpointFolder, readPrompts } from "@paroattn/sample-image";
import { readPromptFile } from "../files/prompt-file.js";
import { isSampleModel } from "../model-defaults.js";
import { CALIBRATION_SEED, sampleCalibrationPrompts } from "../plans/calibrate-plan.js";
import { UsageError } from "../terminal/run-command.js";
import type { StrategyName } from "./combinations.js";
import { type PlanFromFile, readPlans } from "./plans.js";
import { refuseOverlap } from "./refuse-overlap.js";

export interface EvaluateFlags {
  readonly model?: string;
  readonly attention?: readonly StrategyName[];
  readonly density?: readonly number[];
  readonly precision?: readonly string[];
  readonly plan?: readonly string[];
  readonly prompts?: string;
  readonly seeds?: readonly number[];
  readonly steps?: number;
  readonly guidance?: number;
  readonly width?: number;
  readonly height?: number;
  readonly threads?: number;
  readonly report?: string;
  readonly work?: string;
  readonly json?: boolean;
}

/** What the flags ask for, as far as it can be told without work. */
export interface Request {
  readonly model: string;
  readonly isSample: boolean;
  /** Undefined for all that there are plans for. */
  readonly strategies: readonly StrategyName[] | undefined;
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
  readonly flags: EvaluateFlags;
  /** Those of `--plan`; undefined where the sample model's are to be used, or none. */
  readonly plans: readonly PlanFromFile[] | undefined;
}

const DEFAULT_SEEDS = [1];
/** Of the sample model's held-out one-object prompts, spread evenly over the list. */
const DEFAULT_PROMPTS = 4;

/**
 * Reads what the flags name.
 *
 * @throws UsageError where flags contradict each other, something is missing, or calibration saw a prompt or a seed.
 */
export async function readRequest(flags: EvaluateFlags): Promise<Request> {
  const model = flags.model ?? checkpointFolder;
  const isSample = isSampleModel(model);
  const strategies = flags.attention;
  const onlyDense = strategies?.every((strategy) => strategy === "dense") ?? false;
  for (const flag of ["density", "plan"] as const) {
    if (!onlyDense || flags[flag] === undefined) continue;
    throw new UsageError(
      `Expected no --${flag} with --attention dense; plans and densities are paro's and paro-native's`,
    );
  }
  if (!isSample && !onlyDense && flags.plan === undefined) {
    throw new UsageError(
      `Expected --plan LIST (files or a folder) for ${model}, or --attention dense; make one: image-dit calibrate --model ${model} --density 0.3 --prompts FILE --out plan.safetensors`,
    );
  }
  if (!isSample && flags.prompts === undefined) {
    throw new UsageError(`Expected --prompts FILE with prompts that suit ${model}`);
  }
  const prompts =
    flags.prompts === undefined ? await sampleModelPrompts() : await readPromptFile(flags.prompts);
  const request = {
    model,
    isSample,
    strategies,
    prompts: [...new Set(prompts)],
    seeds: flags.seeds ?? DEFAULT_SEEDS,
    flags,
    plans: flags.plan === undefined ? undefined : await readPlans(flags.plan),
  };
  await refuseCalibrated(request);
  return request;
}

async function sampleModelPrompts(): Promise<string[]> {
  const all = await readPrompts("heldoutOne");
  return Array.from({ length: DEFAULT_PROMPTS }, (_, index) => {
    return all[Math.floor((index * all.length) / DEFAULT_PROMPTS)]!;
  });
}

/** Before any work, and for the sample model before its plans are made. */
async function refuseCalibrated({ prompts, seeds, plans, strategies, isSample }: Request) {
  for (const { file, plan } of plans ?? []) {
    refuseOverlap({ prompts, seeds, calibration: plan.calibration, plan: `the plan ${file}` });
  }
  const ownPlans = strategies?.some((strategy) => strategy !== "dense") ?? true;
  if (plans !== undefined || !isSample || !ownPlans) return;
  const calibrationPrompts = await sampleCalibrationPrompts();
  const calibration = {
    prompts: calibrationPrompts,
    seeds: calibrationPrompts.map((_, index) => CALIBRATION_SEED + index),
  };
  refuseOverlap({ prompts, seeds, calibration, plan: "the sample model's plan" });
}
