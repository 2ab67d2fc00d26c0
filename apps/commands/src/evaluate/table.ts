import { nounOf } from "../app.js";
import { describeSchedule } from "../plans/schedule.js";
import { formatTable } from "../terminal/table.js";
import { nameOf } from "./combinations.js";
import type { EvaluateResult } from "./evaluate.js";
import {
  formatAccuracy,
  formatBytes,
  formatMotion,
  formatPsnr,
  formatShare,
  formatSpeedup,
  precisionTitle,
} from "./format.js";
import { paretoFront } from "./pareto.js";
import type { EvaluationLine } from "./summary.js";

/** Tables for each precision, at most 80 columns wide, and what the numbers are. */
export function formatEvaluation({ app, lines, page }: EvaluateResult): string {
  const precisions = [...new Set(lines.map(({ precision }) => precision))];
  const tables = precisions.flatMap((precision) => {
    const ofPrecision = lines.filter((line) => line.precision === precision);
    const title = precisionTitle(ofPrecision[0]!);
    return [title, resultTable(ofPrecision), "", costTable(ofPrecision), ""];
  });
  const { pictures, prompts, seeds, incoherence } = lines[0]!;
  const of = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const spread = pictures > 1 ? "mean ± standard deviation" : `one ${nounOf(app)}`;
  const orders = lines.find(({ strategy }) => strategy.startsWith("paro"))?.incoherence.tiles;
  const native = lines.find(({ strategy }) => !strategy.startsWith("paro"))?.incoherence.tiles;
  const tiles = [
    ...(native ? [`${native.mean.toFixed(1)} in native order`] : []),
    ...(orders ? [`${orders.mean.toFixed(1)} in PARO's orders`] : []),
  ];
  return [
    ...tables,
    `${spread}, ${of(prompts.length, "prompt")} x ${of(seeds.length, "seed")}`,
    "against dense fp32 of the same seed, drawn beside it",
    "* no other is both faster and closer to dense",
    ...scheduleNotes(lines),
    ...motionNotes(lines),
    `incoherence of the softmax map: rows ${incoherence.rows.mean.toFixed(1)};`,
    `  tiles ${tiles.join(", ")}`,
    ...shiftTable(lines),
    ...(page === undefined ? [] : ["", page]),
  ].join("\n");
}

/** Dense steps, once where all that have some have the same. */
function scheduleNotes(lines: readonly EvaluationLine[]): string[] {
  const described = lines.flatMap(({ strategy, schedule }) =>
    schedule ? [{ strategy, text: describeSchedule(schedule) }] : [],
  );
  const texts = [...new Set(described.map(({ text }) => text))];
  if (texts.length < 2) return texts.map((text) => `dense steps: ${text}`);
  return texts.map((text) => {
    const names = described.filter((one) => one.text === text).map(({ strategy }) => strategy);
    return `dense steps of ${[...new Set(names)].join(", ")}: ${text}`;
  });
}

function motionNotes(lines: readonly EvaluationLine[]): string[] {
  if (lines.every(({ motionError }) => motionError === null)) return [];
  const dense = lines[0]!.denseCaptionMotionError;
  return [
    "motion: pixels from the dense video's objects; caption: from the way it names",
    ...(dense ? [`  (dense: ${formatMotion(dense, lines[0]!)})`] : []),
  ];
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

function resultTable(lines: readonly EvaluationLine[]): string {
  const best = paretoFront(lines);
  return formatTable([
    ["", "density", "PSNR dB", "SSIM", "captions", "attention", "loop"],
    ...lines.map((line) => [
      `${nameOf(line)}${best.has(line) ? " *" : ""}`,
      line.densityMet.mean.toFixed(3),
      formatPsnr(line),
      line.ssim.mean.toFixed(4),
      formatAccuracy(line.captionAccuracy),
      formatSpeedup(line, "attention"),
      formatSpeedup(line, "loop"),
    ]),
  ]);
}

/** What the first table has no room for. */
function costTable(lines: readonly EvaluationLine[]): string {
  const moves = lines.some(({ motionError }) => motionError !== null);
  return formatTable([
    ["", "dense", "control", "kept", "rel. L1", "cosine", ...(moves ? ["motion", "caption"] : [])],
    ...lines.map((line) => [
      nameOf(line),
      formatShare(line.denseShare.mean),
      formatShare(line.controlOverhead),
      formatBytes(line.cacheBytes),
      line.relativeL1.mean.toFixed(4),
      line.cosine.mean.toFixed(4),
      ...(moves
        ? [formatMotion(line.motionError, line), formatMotion(line.captionMotionError, line)]
        : []),
    ]),
  ]);
}
