import type { EvaluationLine, Spread } from "./summary.js";

/** "24.41 ± 1.93"; a single value has no spread. */
export function formatSpread(
  { mean, spread }: { readonly mean: number; readonly spread: number | null },
  digits: number,
): string {
  const value = mean.toFixed(digits);
  return spread === null ? value : `${value} ± ${spread.toFixed(digits)}`;
}

/** "24.41 ± 1.93", or "same" where every picture is the dense one. */
export function formatPsnr({ psnr }: EvaluationLine): string {
  const { mean, spread } = psnr;
  return mean === null ? "same" : formatSpread({ mean, spread }, 2);
}

/** How many times faster than dense FP32; nothing for a simulated precision. */
export function formatSpeedup(line: EvaluationLine, of: "attention" | "loop"): string {
  const speedup = of === "attention" ? line.attentionSpeedup : line.loopSpeedup;
  return speedup === null ? "-" : `${speedup.toFixed(2)}x`;
}

export function formatAccuracy(accuracy: Spread | null): string {
  return accuracy === null ? "-" : `${Math.round(100 * accuracy.mean)} %`;
}

/** "12.3 MB", "4.0 kB"; nothing where nothing is kept. */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return "-";
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** "1.3 %" */
export function formatShare(share: number | null): string {
  return share === null ? "-" : `${(100 * share).toFixed(1)} %`;
}

/** "1.23 px", and of how many where that is not all. */
export function formatMotion(
  error: EvaluationLine["motionError"],
  { pictures }: Pick<EvaluationLine, "pictures">,
): string {
  if (error === null) return "-";
  const read = error.read === pictures ? "" : ` (${error.read}/${pictures})`;
  return `${error.mean.toFixed(2)}${read}`;
}

/** What is said of a precision: that its times mean nothing, where they do not. */
export function precisionTitle({ precision, simulated }: EvaluationLine): string {
  return simulated ? `${precision} (simulated, no speed claim)` : precision;
}
