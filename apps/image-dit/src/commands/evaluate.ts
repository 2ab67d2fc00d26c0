import { arch, cpus } from "node:os";
import { join, resolve } from "node:path";
import { denseAttention } from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import { checkpointFolder, readPrompts } from "@paroattn/sample-image";
import { combine, type PlannedCombination, type StrategyName } from "../evaluate/combinations.js";
import { Evaluation, type EvaluationSettings } from "../evaluate/evaluation.js";
import { fingerprintModel } from "../evaluate/model-fingerprint.js";
import {
  choosePlans,
  DEFAULT_DENSITIES,
  type PlanFromFile,
  readPlans,
  sampleModelPlans,
} from "../evaluate/plans.js";
import { refuseOverlap } from "../evaluate/refuse-overlap.js";
import { writeReport } from "../evaluate/report/write-report.js";
import { openResultStore, type ResultStore } from "../evaluate/result-store.js";
import { installedSoftware } from "../evaluate/software.js";
import { type EvaluationLine, summarise } from "../evaluate/summary.js";
import { cacheFolder } from "../files/cache-folder.js";
import { readPromptFile } from "../files/prompt-file.js";
import { defaultGuidance, isSampleModel } from "../model-defaults.js";
import { CALIBRATION_SEED, sampleCalibrationPrompts } from "../plans/calibrate-plan.js";
import { showOn } from "../terminal/pipeline-progress.js";
import { createProgress, type Progress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { warnThrough } from "../terminal/warn.js";

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

export interface EvaluateResult {
  readonly lines: readonly EvaluationLine[];
  /** The report's page, where one was asked for. */
  readonly page: string | undefined;
}

const DEFAULT_STEPS = 20;
/** The pipelines' own; named, because a result is found again by it. */
const DEFAULT_GUIDANCE = 4.5;
const DEFAULT_SEEDS = [1];
const DEFAULT_PRECISIONS = ["fp32"];
/** Of the sample model's held-out one-object prompts, spread evenly over the list. */
const DEFAULT_PROMPTS = 4;

/**
 * `image-dit evaluate`: draws every prompt with every seed with every combination of strategy, density and precision,
 * each beside the dense picture of the same seed, and compares them.
 */
export async function evaluate(
  flags: EvaluateFlags,
  options: {
    readonly signal: AbortSignal;
    /** As typed, for the report. */
    readonly commandLine: string;
  },
): Promise<EvaluateResult> {
  const { signal } = options;
  const request = await readRequest(flags);
  const { model, prompts, seeds } = request;
  const store = await openResultStore(
    resolve(flags.work ?? flags.report ?? join(cacheFolder(), "evaluate")),
  );
  const report = flags.report === undefined ? undefined : await openResultStore(flags.report);
  const progress = createProgress();
  const warn = warnThrough(progress);
  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  try {
    const planned = await plansFor({ request, backend, progress, warn, signal });
    const subjects = prompts.flatMap((prompt) => seeds.map((seed) => ({ prompt, seed })));
    const settings = await settingsFor({ request, backend, progress, signal });
    const combinations = combine({
      dense: request.strategies?.includes("dense") ?? true,
      planned,
      precisions: flags.precision ?? DEFAULT_PRECISIONS,
    });
    const evaluation = await Evaluation.open({ subjects, combinations, settings, store });
    await measure({ evaluation, model, store, backend, progress, warn, signal });
    const { pairs, incoherences } = evaluation.results();
    const lines = combinations.map((combination, index) =>
      summarise({ combination, pairs: pairs[index]!, incoherences, prompts, seeds }),
    );
    if (report === undefined) return { lines, page: undefined };
    const page = await writeReport({
      folder: report.folder,
      pictures: { from: store.pictures, to: report.pictures },
      results: evaluation.results(),
      lines,
      settings,
      model,
      commandLine: options.commandLine,
      signal,
    });
    return { lines, page };
  } finally {
    progress.end();
    backend.dispose();
  }
}

/** What the flags ask for, as far as it can be told without work. */
interface Request {
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

/** @throws UsageError where flags contradict each other or something is missing. */
async function readRequest(flags: EvaluateFlags): Promise<Request> {
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

async function plansFor(options: {
  readonly request: Request;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}): Promise<PlannedCombination[]> {
  const { request, ...terminal } = options;
  const { plans, flags, isSample } = request;
  const strategies = request.strategies?.filter((strategy) => strategy !== "dense");
  if (strategies?.length === 0) return [];
  if (plans !== undefined) return choosePlans({ plans, strategies, densities: flags.density });
  if (!isSample) return [];
  const planned = await sampleModelPlans({
    ...terminal,
    ...(flags.width !== undefined && { width: flags.width }),
    ...(flags.height !== undefined && { height: flags.height }),
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

async function settingsFor(options: {
  readonly request: Request;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}): Promise<EvaluationSettings> {
  const { backend, progress, signal } = options;
  const { model, flags } = options.request;
  // Nothing is loaded yet: this only looks at the folder, refuses what is none, and tells the size.
  await using pipeline = await loadPipeline(model, {
    backend,
    attention: denseAttention(),
    residency: "eager",
    signal,
  });
  return {
    model: await fingerprintModel(model, {
      signal,
      onProgress: (done) => progress.update("fingerprint", done),
    }),
    steps: flags.steps ?? DEFAULT_STEPS,
    guidance: flags.guidance ?? defaultGuidance(model) ?? DEFAULT_GUIDANCE,
    width: flags.width ?? pipeline.defaultSize.width,
    height: flags.height ?? pipeline.defaultSize.height,
    backend: backend.description,
    processor: cpus()[0]?.model ?? arch(),
    software: await installedSoftware(),
  };
}

/** Measures what the store does not have. A stop keeps what is finished, and says so. */
async function measure(options: {
  readonly evaluation: Evaluation;
  readonly model: string;
  readonly store: ResultStore;
  readonly backend: Backend;
  readonly progress: Progress;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { evaluation, model, store, backend, progress, warn, signal } = options;
  const { known, total, oldest } = evaluation.state;
  if (known > 0) {
    const since = oldest === undefined ? "" : `, times as measured since ${oldest.slice(0, 10)}`;
    warn(`reusing ${known} of ${total} results from ${store.folder}${since}`);
  }
  if (known === total) return;
  try {
    await using pipeline = await loadPipeline(model, {
      backend,
      attention: denseAttention(),
      signal,
      onProgress: showOn(progress, "evaluate"),
    });
    await evaluation.run({ pipeline, warn, onProgress: progress.update, signal });
  } catch (error) {
    const { known: kept } = evaluation.state;
    if (signal.aborted && kept > 0) {
      warn(`${kept} of ${total} results are kept in ${store.folder}; the same command goes on`);
    }
    throw error;
  }
}
