import { resolve } from "node:path";
import { describePrecision } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import type { App } from "../app.js";
import { type DrawingSettings, drawingSettings } from "../drawing-settings.js";
import { DEFAULT_FPS } from "../files/animation.js";
import { checkWritable } from "../files/check-writable.js";
import { outputNames } from "../files/output-names.js";
import { localModel } from "../hub/local-model.js";
import { modelOf } from "../model.js";
import { LARGEST_SEED } from "../options.js";
import { chooseStrategy, type StrategyFlags } from "../plans/choose-strategy.js";
import { startProfile } from "../profile/recorder.js";
import { reportProfile } from "../profile/report.js";
import { showOn } from "../terminal/pipeline-progress.js";
import { createProgress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { warnThrough } from "../terminal/warn.js";
import type { GenerateResult } from "./result.js";

export interface GenerateFlags extends StrategyFlags, DrawingSettings {
  readonly negative?: string;
  readonly seed?: number;
  /** Frames a second. Default: 8. */
  readonly fps?: number;
  readonly count: number;
  readonly threads?: number;
  readonly out?: string;
  /** Print where time and memory go; with a file, write a Chrome trace there too. */
  readonly profile?: true | string;
  readonly json?: boolean;
}

/**
 * `generate PROMPT`. Each picture or video is written when it is done, so that a stop loses only the one in work.
 */
export async function generate(
  app: App,
  prompt: string,
  flags: GenerateFlags,
  signal: AbortSignal,
): Promise<GenerateResult> {
  const start = performance.now();
  const progress = createProgress();
  const warn = warnThrough(progress, app);
  const { count, fps = DEFAULT_FPS } = flags;
  const model = modelOf(app, flags.model);
  const firstSeed = flags.seed ?? Math.floor(Math.random() * 2 ** 31);
  if (firstSeed + count - 1 > LARGEST_SEED) {
    throw new UsageError(
      `Expected the last of ${count} seeds up to ${LARGEST_SEED} but found ${firstSeed + count - 1}`,
    );
  }
  const seeds = Array.from({ length: count }, (_, index) => firstSeed + index);
  const files = outputNames(app, { out: flags.out, prompt, seeds }).map((file) => resolve(file));
  const trace = typeof flags.profile === "string" ? resolve(flags.profile) : undefined;
  if (trace !== undefined && files.includes(trace)) {
    throw new UsageError(`Expected a file for --profile other than --out's but found ${trace}`);
  }
  for (const file of trace === undefined ? files : [...files, trace]) await checkWritable(file);
  await app.files.check(files[0]!, { fps });

  const profiler = flags.profile === undefined ? undefined : startProfile();
  const stage = profiler?.stage ?? (<T>(_name: string, task: () => Promise<T>) => task());
  const onSpan = profiler && { onSpan: profiler.onSpan };
  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  const context = { app, backend, progress, warn, signal };
  try {
    const strategy = await stage("plan", () => chooseStrategy(flags, context));
    const folder = await localModel(model, context);
    await using pipeline = await stage("load", () =>
      loadPipeline(folder, {
        kind: app.kind,
        backend,
        attention: strategy,
        // One drawing frees each component when its stage is over; several would load them again and again.
        residency: count === 1 ? "eager" : "keep",
        signal,
        onProgress: showOn(progress, strategy.name),
        ...onSpan,
      }),
    );
    const settings = {
      prompt,
      signal,
      onWarning: warn,
      ...(flags.negative !== undefined && { negativePrompt: flags.negative }),
      ...drawingSettings(app, model, flags),
    };
    const total = { steps: 0, precision: "", density: 0, attentionMs: 0, loopMs: 0 };
    let frames = 1;
    for (const [index, seed] of seeds.entries()) {
      const title = count === 1 ? strategy.name : `${strategy.name}, ${index + 1} of ${count}`;
      const { images, steps, report, timings, ...drawn } = await pipeline.generate({
        ...settings,
        seed,
        onProgress: showOn(progress, title),
        ...onSpan,
      });
      await stage("write", () => app.files.write(files[index]!, images, { fps, signal }));
      total.steps = steps;
      total.precision = describePrecision(report);
      total.density += report.density / count;
      total.attentionMs += timings.attentionMs;
      total.loopMs += timings.loopMs;
      frames = drawn.frames;
    }
    const totalMs = performance.now() - start;
    const { steps, ...sums } = total;
    progress.end();
    if (profiler !== undefined) {
      await reportProfile(profiler.profile(), { process: app.name, traceFile: trace });
    }
    const result = { files, seed: firstSeed, steps, strategy: strategy.name, ...sums, totalMs };
    return app.kind === "video" ? { ...result, frames, fps } : result;
  } finally {
    progress.end();
    profiler?.end();
    backend.dispose();
  }
}
