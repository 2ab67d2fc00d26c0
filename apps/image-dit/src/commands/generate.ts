import { resolve } from "node:path";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import { outputNames } from "../files/output-names.js";
import { checkWritable, writePicture } from "../files/picture-file.js";
import { chooseStrategy, type StrategyFlags } from "../plans/choose-strategy.js";
import { showOn } from "../terminal/pipeline-progress.js";
import { createProgress } from "../terminal/progress.js";

export interface GenerateFlags extends StrategyFlags {
  readonly negative?: string;
  readonly steps?: number;
  readonly guidance?: number;
  readonly seed?: number;
  readonly width?: number;
  readonly height?: number;
  readonly count: number;
  readonly threads?: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** What `--json` prints. Times are in milliseconds. */
export interface GenerateResult {
  readonly files: readonly string[];
  /** Of the first picture; the next ones have the seeds after it. */
  readonly seed: number;
  readonly steps: number;
  readonly strategy: string;
  /** Executed query-key pairs / all pairs. */
  readonly density: number;
  /** Self-attention: front and kernel. */
  readonly attentionMs: number;
  /** The denoising loop. */
  readonly loopMs: number;
  /** The whole command: loading, text, loop, decoding, writing. */
  readonly totalMs: number;
}

/** `image-dit generate PROMPT`. */
export async function generate(
  prompt: string,
  flags: GenerateFlags,
  signal: AbortSignal,
): Promise<GenerateResult> {
  const start = performance.now();
  const progress = createProgress();
  const warn = (message: string) => {
    progress.end();
    process.stderr.write(`image-dit: ${message}\n`);
  };
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 31);
  const seeds = Array.from({ length: flags.count }, (_, index) => seed + index);
  const files = outputNames({ out: flags.out, prompt, seeds }).map((file) => resolve(file));
  for (const file of files) await checkWritable(file);

  const backend = createCpuBackend(flags.threads === undefined ? {} : { threads: flags.threads });
  try {
    const { strategy, model } = await chooseStrategy({ flags, backend, progress, signal });
    await using pipeline = await loadPipeline(model, { backend, attention: strategy });
    const { images, steps, report, timings } = await pipeline.generate({
      prompt,
      seed,
      count: flags.count,
      signal,
      onWarning: warn,
      onProgress: showOn(progress, strategy.name),
      ...(flags.negative !== undefined && { negativePrompt: flags.negative }),
      ...(flags.steps !== undefined && { steps: flags.steps }),
      ...(flags.guidance !== undefined && { guidance: flags.guidance }),
      ...(flags.width !== undefined && { width: flags.width }),
      ...(flags.height !== undefined && { height: flags.height }),
    });
    for (const [index, image] of images.entries()) await writePicture(files[index]!, image);
    return {
      files,
      seed,
      steps,
      strategy: report.strategy,
      density: report.density,
      attentionMs: timings.attentionMs,
      loopMs: timings.loopMs,
      totalMs: performance.now() - start,
    };
  } finally {
    progress.end();
    backend.dispose();
  }
}
