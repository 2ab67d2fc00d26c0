import { nounOf } from "../app.js";
import { describeSchedule } from "../plans/schedule.js";
import { formatTable } from "../terminal/table.js";
import type { EvaluateResult } from "./evaluate.js";
import { formatAccuracy, formatPsnr, formatSpeedup, nameOf, precisionTitle } from "./format.js";
import type { EvaluationLine } from "./summary.js";

/** A table for each precision, at most 80 columns wide, and what the numbers are. */
export function formatEvaluation({ app, lines, page }: EvaluateResult): string {
  const precisions = [...new Set(lines.map(({ precision }) => precision))];
  const tables = precisions.flatMap((precision) => {
    const ofPrecision = lines.filter((line) => line.precision === precision);
    return [precisionTitle(ofPrecision[0]!), tableOf(ofPrecision), ""];
  });
  const { pictures, prompts, seeds, incoherence } = lines[0]!;
  const of = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const spread = pictures > 1 ? "mean ± standard deviation" : `one ${nounOf(app)}`;
  const orders = lines.find(({ strategy }) => strategy === "paro")?.incoherence.tiles;
  const native = lines.find(({ strategy }) => strategy !== "paro")?.incoherence.tiles;
  const schedule = lines.find((line) => line.schedule)?.schedule;
  const tiles = [
    ...(native ? [`${native.mean.toFixed(1)} in native order`] : []),
    ...(orders ? [`${orders.mean.toFixed(1)} in PARO's orders`] : []),
  ];
  return [
    ...tables,
    `${spread}, ${of(prompts.length, "prompt")} x ${of(seeds.length, "seed")}`,
    "against dense fp32 of the same seed, drawn beside it",
    ...(schedule === undefined ? [] : [`PARO: ${describeSchedule(schedule)}`]),
    `incoherence of the softmax map: rows ${incoherence.rows.mean.toFixed(1)};`,
    `  tiles ${tiles.join(", ")}`,
    ...shiftTable(lines),
    ...(page === undefined ? [] : ["", page]),
  ].join("\n");
}

/** Overlaps of masks, a row for each plan; nothing where none were compared. */
function shiftTable(lines: readonly EvaluationLine[]): string[] {
  const compared = lines.filter(
    (line, index) =>
      line.maskShift && lines.findIndex((other) => nameOf(other) === nameOf(line)) === index,
  );
  if (compared.length === 0) return [];
  const cell = (overlap: { readonly mean: number } | null) => overlap?.mean.toFixed(3) ?? "-";
  const rows = compared.map((line) => {
    const { prompts, seeds, steps, plan } = line.maskShift!;
    return [nameOf(line), ...[prompts, seeds, steps, plan].map(cell)];
  });
  const header = ["overlap of masks", "prompts", "seeds", "next step", "plan"];
  return ["", formatTable([header, ...rows])];
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
