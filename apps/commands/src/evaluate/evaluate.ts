import { join, resolve } from "node:path";
import { denseAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import type { App } from "../app.js";
import type { Context } from "../context.js";
import { cacheFolder } from "../files/cache-folder.js";
import { localModel } from "../hub/local-model.js";
import { type DenseSteps, denseSteps, hasDenseSteps } from "../strategies/dense-steps.js";
import type { RunShape, StrategyName } from "../strategies/registry.js";
import { showOn } from "../terminal/pipeline-progress.js";
import { createProgress } from "../terminal/progress.js";
import { warnThrough } from "../terminal/warn.js";
import { combine, type PlannedCombination } from "./combinations.js";
import { Evaluation } from "./evaluation.js";
import { plansFor } from "./plans-for.js";
import { openReportFolder, writeReport } from "./report/write-report.js";
import { type EvaluateFlags, type Request, readRequest } from "./request.js";
import { openResultStore, type ResultStore } from "./result-store.js";
import { settingsFor } from "./settings-for.js";
import { type EvaluationLine, summarise } from "./summary.js";

export interface EvaluateResult {
  readonly app: App;
  readonly lines: readonly EvaluationLine[];
  /** The report's page, where one was asked for. */
  readonly page: string | undefined;
}

const DEFAULT_PRECISIONS = ["fp32"];
/** Of which those are drawn that there are plans for. */
const DEFAULT_STRATEGIES: readonly StrategyName[] = ["dense", "paro", "paro-native"];

/**
 * `evaluate`: draws every prompt with every seed with every combination of strategy, density and precision,
 * each beside the dense one of the same seed, and compares them.
 */
export async function evaluate(
  app: App,
  flags: EvaluateFlags,
  options: {
    readonly signal: AbortSignal;
    /** As typed, for the report. */
    readonly commandLine: string;
  },
): Promise<EvaluateResult> {
  const { signal } = options;
  const asked = await readRequest(app, flags);
  const { prompts, seeds } = asked;
  const store = await openResultStore(
    resolve(flags.work ?? flags.report ?? join(cacheFolder(), "evaluate")),
  );
  const report = flags.report === undefined ? undefined : await openReportFolder(app, flags.report);
  const progress = createProgress();
  const warn = warnThrough(progress, app);
  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  const context: Context = { app, backend, progress, warn, signal };
  try {
    const request = { ...asked, model: await localModel(asked.model, context) };
    const { model } = request;
    const settings = await settingsFor(request, context);
    const names = request.strategies ?? DEFAULT_STRATEGIES;
    const steps = denseSteps({
      kind: flags.schedule ?? "common",
      given: request.schedule,
      strategies: names,
      run: settings,
    });
    const densities = flags.density ?? defaultDensities(names, { steps, run: settings });
    const planned = await plansFor(request, { ...context, steps, densities });
    const subjects = prompts.flatMap((prompt) => seeds.map((seed) => ({ prompt, seed })));
    const combinations = combine({
      strategies: request.strategies ?? ["dense", ...strategiesOf(planned)],
      planned,
      densities: flags.density ?? densitiesOf(planned, { request, steps }) ?? densities,
      precisions: flags.precision ?? DEFAULT_PRECISIONS,
      steps,
      run: settings,
    });
    const evaluation = await Evaluation.open({
      subjects,
      combinations,
      comparesMasks: flags.maskShift ?? false,
      settings,
      store,
    });
    await measure(evaluation, { ...context, model, store });
    const { pairs, controls, incoherences, shifts } = evaluation.results();
    const lines = combinations.map((combination, index) =>
      summarise({
        combination,
        pairs: pairs[index]!,
        control: controls[index]!,
        incoherences,
        shifts,
        prompts,
        seeds,
      }),
    );
    if (report === undefined) return { app, lines, page: undefined };
    const page = await writeReport({
      app,
      ...report,
      stored: store.drawings,
      results: evaluation.results(),
      lines,
      settings,
      model: asked.model,
      commandLine: options.commandLine,
      signal,
    });
    return { app, lines, page };
  } finally {
    progress.end();
    backend.dispose();
  }
}

/** The paper's three settings; the last one leaves little to do beside dense steps. */
function defaultDensities(
  names: readonly StrategyName[],
  { steps, run }: { readonly steps: DenseSteps; readonly run: RunShape },
): readonly number[] {
  const dense = names.some((name) => hasDenseSteps(steps.scheduleOf(name), run));
  return dense ? [0.5, 0.3] : [0.5, 0.3, 0.2];
}

function strategiesOf(planned: readonly PlannedCombination[]): StrategyName[] {
  return [...new Set(planned.map(({ strategy }) => strategy))];
}

/** What others are compared at where plans of `--plan` say what there is: the densities at which PARO runs with them. */
function densitiesOf(
  planned: readonly PlannedCombination[],
  { request, steps }: { readonly request: Request; readonly steps: DenseSteps },
): readonly number[] | undefined {
  if (request.plans === undefined || planned.length === 0) return undefined;
  return [...new Set(planned.map(({ plan }) => steps.runDensity("paro", plan.density.asked)))];
}

/** Measures what the store does not have. A stop keeps what is finished, and says so. */
async function measure(
  evaluation: Evaluation,
  options: Context & { readonly model: string; readonly store: ResultStore },
): Promise<void> {
  const { app, model, store, backend, progress, warn, signal } = options;
  const { known, total, oldest } = evaluation.state;
  if (known > 0) {
    const since = oldest === undefined ? "" : `, times as measured since ${oldest.slice(0, 10)}`;
    warn(`reusing ${known} of ${total} results from ${store.folder}${since}`);
  }
  if (known === total) return;
  try {
    await using pipeline = await loadPipeline(model, {
      kind: app.kind,
      backend,
      attention: denseAttention(),
      signal,
      onProgress: showOn(progress, "evaluate"),
    });
    await evaluation.run({ app, pipeline, warn, onProgress: progress.update, signal });
  } catch (error) {
    const { known: kept } = evaluation.state;
    if (signal.aborted && kept > 0) {
      warn(`${kept} of ${total} results are kept in ${store.folder}; the same command goes on`);
    }
    throw error;
  }
}
