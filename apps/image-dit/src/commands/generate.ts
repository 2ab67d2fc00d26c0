import { resolve } from "node:path";
import { describePrecision } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import { outputNames } from "../files/output-names.js";
import { checkWritable, writePicture } from "../files/picture-file.js";
import { localModel } from "../hub/local-model.js";
import { defaultGuidance } from "../model-defaults.js";
import { LARGEST_SEED } from "../options.js";
import { chooseStrategy, type StrategyFlags } from "../plans/choose-strategy.js";
import { startProfile } from "../profile/recorder.js";
import { reportProfile } from "../profile/report.js";
import { showOn } from "../terminal/pipeline-progress.js";
import { createProgress } from "../terminal/progress.js";
import { UsageError } from "../terminal/run-command.js";
import { warnThrough } from "../terminal/warn.js";

export interface GenerateFlags extends StrategyFlags {
  readonly negative?: string;
  readonly steps?: number;
  readonly guidance?: number;
  readonly seed?: number;
  readonly count: number;
  readonly threads?: number;
  readonly out?: string;
  /** Print where time and memory go; with a file, write a Chrome trace there too. */
  readonly profile?: true | string;
  readonly json?: boolean;
}

/** What `--json` prints. Times are in milliseconds and over all pictures. */
export interface GenerateResult {
  readonly files: readonly string[];
  /** Of the first picture; the next ones have the seeds after it. */
  readonly seed: number;
  readonly steps: number;
  readonly strategy: string;
  /** Of attention, such as "fp32" or "int8"; says so where the backend simulates it. */
  readonly precision: string;
  /** Executed query-key pairs / all pairs. */
  readonly density: number;
  /** Self-attention: front and kernel. */
  readonly attentionMs: number;
  /** The denoising loop. */
  readonly loopMs: number;
  /** The whole command: loading, text, loop, decoding, writing. */
  readonly totalMs: number;
}

/** `image-dit generate PROMPT`. Each picture is written when it is done, so that a stop loses only the one in work. */
export async function generate(
  prompt: string,
  flags: GenerateFlags,
  signal: AbortSignal,
): Promise<GenerateResult> {
  const start = performance.now();
  const progress = createProgress();
  const warn = warnThrough(progress);
  const { count } = flags;
  const firstSeed = flags.seed ?? Math.floor(Math.random() * 2 ** 31);
  if (firstSeed + count - 1 > LARGEST_SEED) {
    throw new UsageError(
      `Expected the last of ${count} seeds up to ${LARGEST_SEED} but found ${firstSeed + count - 1}`,
    );
  }
  const seeds = Array.from({ length: count }, (_, index) => firstSeed + index);
  const files = outputNames({ out: flags.out, prompt, seeds }).map((file) => resolve(file));
  const trace = typeof flags.profile === "string" ? resolve(flags.profile) : undefined;
  if (trace !== undefined && files.includes(trace)) {
    throw new UsageError(`Expected a file for --profile other than --out's but found ${trace}`);
  }
  for (const file of trace === undefined ? files : [...files, trace]) await checkWritable(file);

  const profiler = flags.profile === undefined ? undefined : startProfile();
  const stage = profiler?.stage ?? (<T>(_name: string, task: () => Promise<T>) => task());
  const onSpan = profiler && { onSpan: profiler.onSpan };
  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  try {
    const { strategy, model } = await stage("plan", () =>
      chooseStrategy({ flags, backend, progress, warn, signal }),
    );
    const folder = await localModel(model, { progress, warn, signal });
    await using pipeline = await stage("load", () =>
      loadPipeline(folder, {
        kind: "image",
        backend,
        attention: strategy,
        // One picture frees each component when its stage is over; several would load them again and again.
        residency: count === 1 ? "eager" : "keep",
        signal,
        onProgress: showOn(progress, strategy.name),
        ...onSpan,
      }),
    );
    const guidance = flags.guidance ?? defaultGuidance(model);
    const settings = {
      prompt,
      signal,
      onWarning: warn,
      ...(flags.negative !== undefined && { negativePrompt: flags.negative }),
      ...(flags.steps !== undefined && { steps: flags.steps }),
      ...(guidance !== undefined && { guidance }),
      ...(flags.width !== undefined && { width: flags.width }),
      ...(flags.height !== undefined && { height: flags.height }),
    };
    const total = { steps: 0, precision: "", density: 0, attentionMs: 0, loopMs: 0 };
    for (const [index, seed] of seeds.entries()) {
      const title = count === 1 ? strategy.name : `${strategy.name}, ${index + 1} of ${count}`;
      const { images, steps, report, timings } = await pipeline.generate({
        ...settings,
        seed,
        onProgress: showOn(progress, title),
        ...onSpan,
      });
      await stage("write", () => writePicture(files[index]!, images[0]!));
      total.steps = steps;
      total.precision = describePrecision(report);
      total.density += report.density / count;
      total.attentionMs += timings.attentionMs;
      total.loopMs += timings.loopMs;
    }
    const totalMs = performance.now() - start;
    const { steps, ...sums } = total;
    progress.end();
    if (profiler !== undefined) await reportProfile(profiler.profile(), trace);
    return { files, seed: firstSeed, steps, strategy: strategy.name, ...sums, totalMs };
  } finally {
    progress.end();
    profiler?.end();
    backend.dispose();
  }
}
