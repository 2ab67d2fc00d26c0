import { formatSpread } from "../evaluate/format.js";
import { PAPER, PAPER_INCOHERENCE } from "./paper.js";
import type { Reproduction, RowResult } from "./result.js";
import { TABLES, type TableName } from "./rows.js";

/** What is compared in each table. */
const TITLES: Readonly<Record<TableName, string>> = {
  sparse: "Block-sparse attention, and the same calibrated in native order",
  steps: "Which steps share masks, at density 0.5",
  quantized: "Quantized attention, every block computed",
  both: "Sparse and quantized",
  alpha:
    "Orders chosen by incoherence alone (alpha 0) to sparsity alone (alpha 1), at density 0.5; `paro 0.5` has alpha 0.5",
  criteria: "Criteria, each brought to density 0.5",
};

/** The row that stands first in tables that vary one thing. */
const BASELINES: Partial<Readonly<Record<TableName, string>>> = {
  steps: "paro 0.5",
  alpha: "paro 0.5",
  criteria: "paro 0.5",
};

/** All tables of a result in Markdown, and before them what was measured and how. */
export function markdownTables(result: Reproduction): string {
  return [
    conditions(result),
    ...TABLES.flatMap((name) => rowTable(result, name)),
    ...orderTables(result),
    ...incoherenceTable(result),
  ].join("\n\n");
}

function conditions(result: Reproduction): string {
  const { model, steps, guidance, width, height, frames, prompts, seeds } = result;
  const { calibration, denseCaptions, measured, processor, backend, node } = result;
  const size = `${width}x${height}${frames === 1 ? "" : `, ${frames} frames`}`;
  return [
    `${model.name}, ${size}, ${steps} steps, guidance ${guidance}; ${counted(prompts.length, "held-out prompt")} x ${counted(seeds.length, "seed")};`,
    `calibrated on ${counted(calibration.prompts.length, "other prompt")}.`,
    `Mean ± standard deviation over drawings, against dense fp32 of the same seed${denseCaptions === null ? "" : `, of which the checker finds ${share(denseCaptions)} right`}.`,
    `Times: the median of dense time / time, each run beside a dense one; in brackets the medians of both.`,
    `Measured ${measured.from.slice(0, 10)} on ${processor}, ${backend}, Node ${node}.`,
  ].join("\n");
}

function rowTable(result: Reproduction, name: TableName): string[] {
  const rows = result.rows.filter((row) => row.table === name);
  if (rows.length === 0) return [];
  const baseline = result.rows.filter((row) => row.name === BASELINES[name]);
  const shown = [...baseline, ...rows];
  const timed = rows.some(({ attention }) => attention !== null);
  const told = rows.some((row) => row.name in PAPER);
  const header = [
    "",
    "density",
    "PSNR dB",
    "SSIM",
    "cosine",
    "relative L1",
    "captions",
    ...(timed ? ["attention", "loop"] : []),
    ...(told ? ["paper: PSNR / SSIM / cosine"] : []),
    ...(told && timed ? ["paper: attention"] : []),
  ];
  const lines = shown.map((row) => [
    row.name,
    row.densityMet.mean.toFixed(3),
    psnrCell(row),
    formatSpread(row.ssim, 4),
    formatSpread(row.cosine, 4),
    formatSpread(row.relativeL1, 4),
    row.captions === null ? "" : share(row.captions),
    ...(timed ? [timesCell(row.attention), timesCell(row.loop)] : []),
    ...(told ? [paperFidelity(row.name)] : []),
    ...(told && timed ? [speedup(PAPER[row.name]?.attentionSpeedup)] : []),
  ]);
  return [`**${TITLES[name]}**`, markdown([header, ...lines])];
}

/** "1 prompt", "5 prompts". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** "31.20 ± 2.10"; "same" where every drawing is the dense one. */
export function psnrCell({ psnr, identical }: RowResult): string {
  if (psnr === null) return "same";
  return `${formatSpread(psnr, 2)}${identical > 0 ? ` (${identical} same)` : ""}`;
}

function share({ right, judged }: { readonly right: number; readonly judged: number }): string {
  return `${right} of ${judged}`;
}

function speedup(value: number | undefined): string {
  return value === undefined ? "" : `${value.toFixed(2)}x`;
}

function timesCell(times: RowResult["attention"]): string {
  if (times === null) return "";
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
  const { denseMedian, median } = times;
  return `${speedup(times.speedup)} (${seconds(denseMedian)} / ${seconds(median)} s)`;
}

function paperFidelity(name: string): string {
  const { psnr, ssim, cosine } = PAPER[name] ?? {};
  if (psnr === undefined) return "";
  const digits = (value: number | undefined) => value?.toFixed(3) ?? "-";
  return `${psnr.toFixed(2)} / ${digits(ssim)} / ${digits(cosine)}`;
}

/** How many heads chose each order at each weight, and what each head has of it at alpha 0.5. */
function orderTables({ orders }: Reproduction): string[] {
  if (orders === null) return [];
  const { candidates, chosen, scores } = orders;
  const histogram = chosen.map(({ alpha, orders }) => [
    `alpha ${alpha}`,
    ...candidates.map((one) => String(orders.flat().filter((order) => order === one).length)),
  ]);
  const tables = ["**Heads by order**", markdown([["", ...candidates], ...histogram])];
  const usual = chosen.find(({ alpha }) => alpha === 0.5);
  if (usual === undefined) return tables;
  const heads = usual.orders.map((layer, index) => [
    `layer ${index}`,
    ...layer.map((order, head) => {
      const of = scores[index]![head]!;
      const [before, after] = [of[0]!, of[candidates.indexOf(order)]!];
      const percent = ({ sparse }: { readonly sparse: number }) => `${Math.round(100 * sparse)}`;
      return `${order}: Ψ ${before.quant.toFixed(1)} → ${after.quant.toFixed(1)}, sparse ${percent(before)} → ${percent(after)} %`;
    }),
  ]);
  const names = usual.orders[0]!.map((_, head) => `head ${head}`);
  return [
    ...tables,
    "**The order of each head at alpha 0.5; incoherence Ψ of its 64x64 blocks and share of sparse ones, in native order → in its own, on the calibration prompts**",
    markdown([["", ...names], ...heads]),
  ];
}

function incoherenceTable({ incoherence }: Reproduction): string[] {
  if (incoherence.length === 0) return [];
  const cells = (of: {
    readonly rows: number;
    readonly nativeTiles: number;
    readonly tiles: number;
  }) => [of.rows, of.nativeTiles, of.tiles].map((value) => value.toFixed(1));
  const mean = (pick: "rows" | "nativeTiles" | "tiles") =>
    incoherence.reduce((sum, layer) => sum + layer[pick], 0) / incoherence.length;
  const all = { rows: mean("rows"), nativeTiles: mean("nativeTiles"), tiles: mean("tiles") };
  return [
    "**Incoherence Ψ of the softmax map's groups on the held-out prompts**",
    markdown([
      ["", "rows", "64x64 blocks", "64x64 blocks, reordered"],
      ...incoherence.map((layer, index) => [`layer ${index}`, ...cells(layer)]),
      ["all", ...cells(all)],
      ["paper, an example map", ...Object.values(PAPER_INCOHERENCE).map(String)],
    ]),
  ];
}

function markdown(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `|${cells.map((cell) => (cell === "" ? " " : ` ${cell} `)).join("|")}|`;
  const [header, ...others] = rows as [readonly string[], ...(readonly string[])[]];
  const rule = header.map((_, column) => (column === 0 ? "---" : "---:"));
  return [header, rule, ...others].map(line).join("\n");
}
