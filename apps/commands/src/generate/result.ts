import { formatSeconds } from "../terminal/format.js";

/** What `--json` prints. Times are in milliseconds and over all pictures or videos. */
export interface GenerateResult {
  readonly files: readonly string[];
  /** Of the first one; the next ones have the seeds after it. */
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
  /** Of each video, and how many of them a second has. */
  readonly frames?: number;
  readonly fps?: number;
}

/** A few lines for people. */
export function formatGenerateResult(result: GenerateResult): string {
  const { files, strategy, precision, density, steps, seed, frames, fps } = result;
  const length = frames === undefined ? [] : [`${frames} frames, ${fps} a second`];
  return [
    ...files,
    ...length,
    `${strategy}, ${precision}, density ${density.toFixed(3)}, ${steps} ${steps === 1 ? "step" : "steps"}, seed ${seed}`,
    `attention ${formatSeconds(result.attentionMs)}, loop ${formatSeconds(result.loopMs)}, total ${formatSeconds(result.totalMs)}`,
  ].join("\n");
}
