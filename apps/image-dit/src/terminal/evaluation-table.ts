import type { EvaluateResult } from "../commands/evaluate.js";
import type { EvaluationLine, Spread } from "../evaluate/summary.js";
import { formatTable } from "./table.js";

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
  if (line.simulated) return "-";
  const dense = of === "attention" ? line.denseAttentionMs : line.denseLoopMs;
  const measured = of === "attention" ? line.attentionMs : line.loopMs;
  return `${(dense.mean / measured.mean).toFixed(2)}x`;
}

export function formatAccuracy(accuracy: Spread | null): string {
  return accuracy === null ? "-" : `${Math.round(100 * accuracy.mean)} %`;
}

/** What a combination is called beside others of its precision. */
export function nameOf({ strategy, density }: EvaluationLine): string {
  return strategy === "dense" ? strategy : `${strategy} ${density}`;
}

/** What is said of a precision: that its times mean nothing, where they do not. */
export function precisionTitle({ precision, simulated }: EvaluationLine): string {
  return simulated ? `${precision} (simulated, no speed claim)` : precision;
}

/** A table for each precision, at most 80 columns wide, and what the numbers are. */
export function formatEvaluation({ lines, page }: EvaluateResult): string {
  const precisions = [...new Set(lines.map(({ precision }) => precision))];
  const tables = precisions.flatMap((precision) => {
    const ofPrecision = lines.filter((line) => line.precision === precision);
    return [precisionTitle(ofPrecision[0]!), tableOf(ofPrecision), ""];
  });
  const { pictures, prompts, seeds, incoherence } = lines[0]!;
  const of = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const spread = pictures > 1 ? "mean ± standard deviation" : "one picture";
  const orders = lines.find(({ strategy }) => strategy === "paro")?.incoherence.tiles;
  const native = lines.find(({ strategy }) => strategy !== "paro")?.incoherence.tiles;
  const tiles = [
    ...(native ? [`${native.mean.toFixed(1)} in native order`] : []),
    ...(orders ? [`${orders.mean.toFixed(1)} in PARO's orders`] : []),
  ];
  return [
    ...tables,
    `${spread}, ${of(prompts.length, "prompt")} x ${of(seeds.length, "seed")}`,
    "against dense fp32 of the same seed, drawn beside it",
    `incoherence of the softmax map: rows ${incoherence.rows.mean.toFixed(1)};`,
    `  tiles ${tiles.join(", ")}`,
    ...(page === undefined ? [] : ["", page]),
  ].join("\n");
}

function tableOf(lines: readonly EvaluationLine[]): string {
  return formatTable([
    ["", "density", "PSNR dB", "SSIM", "captions", "attention", "loop"],
    ...lines.map((line) => [
      nameOf(line),
      line.densityMet.mean.toFixed(3),
      formatPsnr(line),
      line.ssim.mean.toFixed(4),
      formatAccuracy(line.captionAccuracy),
      formatSpeedup(line, "attention"),
      formatSpeedup(line, "loop"),
    ]),
  ]);
}
