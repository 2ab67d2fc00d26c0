import type { StepSchedule } from "@paroattn/attention";
import type { App } from "../app.js";
import type { DrawingSettings } from "../drawing-settings.js";
import { readPromptFile } from "../files/prompt-file.js";
import { isSampleModel, modelOf } from "../model.js";
import { CALIBRATION_SEED, sampleCalibrationPrompts } from "../plans/calibrate-plan.js";
import { readSchedule, type ScheduleFlags } from "../plans/schedule.js";
import { hasDensity, planOrders, type StrategyName } from "../strategies/registry.js";
import { UsageError } from "../terminal/run-command.js";
import { isDense } from "./combinations.js";
import { type PlanFromFile, readPlans } from "./plans.js";
import { refuseOverlap } from "./refuse-overlap.js";

export interface EvaluateFlags extends DrawingSettings, ScheduleFlags {
  readonly model?: string;
  readonly attention?: readonly StrategyName[];
  readonly density?: readonly number[];
  readonly precision?: readonly string[];
  /** Default: common. */
  readonly schedule?: "common" | "paper";
  readonly plan?: readonly string[];
  readonly prompts?: string;
  readonly seeds?: readonly number[];
  readonly threads?: number;
  /** Compare the masks that single steps ask for. */
  readonly maskShift?: boolean;
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
  /** By `--warm-up` and `--refresh`; undefined where neither is there. */
  readonly schedule: StepSchedule | undefined;
}

const DEFAULT_SEEDS = [1];
/** Of the sample model's held-out prompts, spread evenly over the list. */
const DEFAULT_PROMPTS = 4;

/**
 * Reads what the flags name.
 *
 * @throws UsageError where flags contradict each other, something is missing, or calibration saw a prompt or a seed.
 */
export async function readRequest(app: App, flags: EvaluateFlags): Promise<Request> {
  const model = modelOf(app, flags.model);
  const isSample = isSampleModel(app, model);
  const strategies = flags.attention;
  refuseContradictions(flags);
  const schedule = readSchedule(app, flags, { usesSteps: !(strategies?.every(isDense) ?? false) });
  const usesPlans = strategies?.some((name) => planOrders(name) !== undefined) ?? true;
  if (!isSample && usesPlans && flags.plan === undefined) {
    throw new UsageError(
      `Expected --plan LIST (files or a folder) for ${model}, or --attention with strategies other than PARO's; make one: ${app.name} calibrate --model ${model} --density 0.3 --prompts FILE --out plan.safetensors`,
    );
  }
  if (!isSample && flags.prompts === undefined) {
    throw new UsageError(`Expected --prompts FILE with prompts that suit ${model}`);
  }
  const prompts =
    flags.prompts === undefined
      ? await sampleModelPrompts(app)
      : await readPromptFile(flags.prompts);
  const request = {
    model,
    isSample,
    strategies,
    prompts: [...new Set(prompts)],
    seeds: flags.seeds ?? DEFAULT_SEEDS,
    flags,
    plans: flags.plan === undefined ? undefined : await readPlans(flags.plan),
    schedule,
  };
  await refuseCalibrated(app, request);
  return request;
}

function refuseContradictions(flags: EvaluateFlags): void {
  const { attention, warmUp, refresh } = flags;
  const named = attention?.join(",");
  const refuse = (flag: string, why: string) => {
    throw new UsageError(`Expected no --${flag} with --attention ${named}, ${why}`);
  };
  const usesPlans = attention?.some((name) => planOrders(name) !== undefined) ?? true;
  if (!usesPlans && flags.maskShift) refuse("mask-shift", "which has no planned masks");
  if (!usesPlans && flags.plan !== undefined) refuse("plan", "which goes by none");
  if (!(attention?.some(hasDensity) ?? true) && flags.density !== undefined) {
    refuse("density", "which has none to choose");
  }
  if (flags.schedule === "paper" && (warmUp !== undefined || refresh !== undefined)) {
    const flag = warmUp === undefined ? "--refresh" : "--warm-up";
    throw new UsageError(
      `Expected no ${flag} with --schedule paper, which gives each strategy its own dense steps`,
    );
  }
}

async function sampleModelPrompts({ sample }: App): Promise<string[]> {
  const all = await sample!.heldOutPrompts();
  return Array.from({ length: DEFAULT_PROMPTS }, (_, index) => {
    return all[Math.floor((index * all.length) / DEFAULT_PROMPTS)]!;
  });
}

/** Before any work, and for the sample model before its plans are made. */
async function refuseCalibrated(app: App, request: Request) {
  const { prompts, seeds, plans, strategies, isSample } = request;
  for (const { file, plan } of plans ?? []) {
    refuseOverlap({ prompts, seeds, calibration: plan.calibration, plan: `the plan ${file}` });
  }
  const ownPlans = strategies?.some((name) => planOrders(name) !== undefined) ?? true;
  if (plans !== undefined || !isSample || !ownPlans) return;
  const calibrationPrompts = await sampleCalibrationPrompts(app);
  const calibration = {
    prompts: calibrationPrompts,
    seeds: calibrationPrompts.map((_, index) => CALIBRATION_SEED + index),
  };
  refuseOverlap({ prompts, seeds, calibration, plan: "the sample model's plan" });
}
