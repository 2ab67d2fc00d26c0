import { join } from "node:path";
import { encodePlan } from "@paroattn/attention";
import { writeFileAtomically } from "@paroattn/tensor";
import { type App, nounOf } from "../../app.js";
import { describeSchedule } from "../../plans/schedule.js";
import { planOrders } from "../../strategies/registry.js";
import { type Combination, describeCombination, nameOf } from "../combinations.js";
import { type DrawingStore, type ExactStore, openShownStore } from "../drawing-store.js";
import type { EvaluationResults, EvaluationSettings } from "../evaluation.js";
import { hashOfBytes } from "../hash.js";
import { WATCHED_ROWS } from "../incoherence.js";
import { paretoFront } from "../pareto.js";
import { type EvaluationLine, layerIncoherence } from "../summary.js";
import { WATCHED_STEPS } from "../watched-steps.js";
import type {
  LayerIncoherence,
  MaskOverlap,
  OrderCount,
  ParetoPoint,
  PsnrPoint,
} from "./charts.js";
import { type Chart, renderPage } from "./page.js";
import { collectPictures } from "./pictures.js";

/** A page with hundreds of pictures helps nobody. */
const SHOWN_SUBJECTS = 8;
const HASH_DIGITS = 12;

/** Makes the folder, now rather than after the work. Throws an `OutputError` where it cannot be made. */
export async function openReportFolder(
  app: App,
  folder: string,
): Promise<{ readonly folder: string; readonly pictures: DrawingStore }> {
  return { folder, pictures: await openShownStore(app, join(folder, "pictures")) };
}

/**
 * Writes the report into a folder: index.html, which opens from disk and needs no network, the pictures that it shows,
 * and lines.jsonl. The page is written last, so that one that is there is whole. Returns its path.
 */
export async function writeReport(options: {
  readonly app: App;
  readonly folder: string;
  /** The report's own. */
  readonly pictures: DrawingStore;
  /** Those of the results. */
  readonly stored: ExactStore;
  readonly results: EvaluationResults;
  readonly lines: readonly EvaluationLine[];
  readonly settings: EvaluationSettings;
  /** Folder of the model. */
  readonly model: string;
  readonly commandLine: string;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { app, folder, pictures, stored, results, lines, settings, commandLine, signal } = options;
  const subjects = await collectPictures({
    results,
    count: SHOWN_SUBJECTS,
    frames: settings.frames,
    from: stored,
    to: pictures,
    signal,
  });
  const page = renderPage({
    noun: nounOf(app),
    lines,
    charts: await drawCharts(options),
    subjects,
    subjectCount: results.subjects.length,
    facts: factsOf(options),
    commandLine,
  });
  const jsonLines = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await writeFileAtomically(join(folder, "lines.jsonl"), { data: jsonLines, signal });
  const path = join(folder, "index.html");
  await writeFileAtomically(path, { data: page, signal });
  return path;
}

async function drawCharts(options: {
  readonly app: App;
  readonly results: EvaluationResults;
  readonly lines: readonly EvaluationLine[];
}): Promise<Chart[]> {
  const { app, results, lines } = options;
  const noun = nounOf(app);
  // vega takes a while to load, and only a report needs it.
  const { incoherenceChart, maskShiftChart, orderChart, paretoChart, psnrChart, renderChart } =
    await import("./charts.js");
  const charts: Chart[] = [];
  const compared = paretoPoints(lines);
  if (compared.length > 0) {
    charts.push({
      svg: await renderChart(paretoChart(compared)),
      wide: true,
      caption: `How close to dense, and how fast: of the points on the line none other is both faster and closer to the dense ${noun}. Speedup: the median over ${noun}s, against dense fp32 attention drawn beside.`,
    });
  }
  const points = psnrPoints(lines);
  if (points.length > 0) {
    charts.push({
      svg: await renderChart(psnrChart(points)),
      caption: `PSNR against the dense ${noun} of the same seed; the bars are one standard deviation over ${noun}s to each side.`,
    });
  }
  for (const { plans, orders } of orderAssignments(results.combinations)) {
    const { counts, names } = countOrders(orders);
    charts.push({
      svg: await renderChart(orderChart(counts, { orders: names })),
      caption: `Orders that calibration chose for the heads of each layer: ${plans}.`,
    });
  }
  charts.push({
    svg: await renderChart(incoherenceChart(incoherencePoints(results))),
    caption: `Incoherence of the softmax map's groups, mean over heads and ${noun}s, at ${WATCHED_STEPS} steps of the dense run. Rows: ${WATCHED_ROWS} rows of each head, whole; tiles: all of 64×64.`,
  });
  const overlaps = maskOverlaps(lines);
  if (overlaps.length > 0) {
    charts.push({
      svg: await renderChart(maskShiftChart(overlaps)),
      caption: `Overlap, between visual tokens, of the masks that ${WATCHED_STEPS} steps of a dense run ask for by themselves, at the plan's density and in its orders: the mean over pairs, and down to the least pair. Next step: of the ${WATCHED_STEPS}.`,
    });
  }
  return charts;
}

/** A plan has the same masks in every precision. */
function maskOverlaps(lines: readonly EvaluationLine[]): MaskOverlap[] {
  const plans = new Map(lines.map((line) => [nameOf(line), line.maskShift]));
  return [...plans].flatMap(([plan, shift]) => {
    const compared = [
      ["other prompts", shift?.prompts],
      ["other seeds", shift?.seeds],
      ["next step", shift?.steps],
      ["the plan", shift?.plan],
    ] as const;
    return compared.flatMap(([other, overlap]) =>
      overlap ? [{ plan, other, mean: overlap.mean, least: overlap.least }] : [],
    );
  });
}

function paretoPoints(lines: readonly EvaluationLine[]): ParetoPoint[] {
  const best = paretoFront(lines);
  const describe = lines.every(({ precision }) => precision === lines[0]!.precision)
    ? nameOf
    : describeCombination;
  return lines.flatMap((line) => {
    const { strategy, attentionSpeedup: speedup, psnr } = line;
    // Far above all others, it would press them together.
    if (speedup === null || psnr.mean === null || strategy === "noise-floor") return [];
    return [{ name: describe(line), speedup, psnr: psnr.mean, best: best.has(line) }];
  });
}

function psnrPoints(lines: readonly EvaluationLine[]): PsnrPoint[] {
  return lines.flatMap(({ strategy, precision, densityMet, psnr }) => {
    if (psnr.mean === null) return [];
    return [
      { strategy, precision, density: densityMet.mean, psnr: psnr.mean, spread: psnr.spread ?? 0 },
    ];
  });
}

/** The different tables of orders among PARO's plans, and the plans that have each. */
function orderAssignments(combinations: readonly Combination[]) {
  const known = new Map<
    string,
    { densities: Set<number>; orders: readonly (readonly string[])[] }
  >();
  for (const { strategy, plan } of combinations) {
    if (planOrders(strategy) !== "chosen" || plan === undefined) continue;
    const key = JSON.stringify(plan.orders);
    const same = known.get(key) ?? { densities: new Set(), orders: plan.orders };
    known.set(key, same);
    same.densities.add(plan.density.asked);
  }
  return [...known.values()].map(({ densities, orders }) => ({
    plans: `${densities.size === 1 ? "plan" : "plans"} for density ${[...densities].join(", ")}`,
    orders,
  }));
}

function countOrders(orders: readonly (readonly string[])[]) {
  const names = [...new Set(orders.flat())].sort();
  const counts: OrderCount[] = orders.flatMap((heads, layer) =>
    names.map((order) => ({
      layer,
      order,
      heads: heads.filter((one) => one === order).length,
    })),
  );
  return { counts, names };
}

function incoherencePoints({ combinations, incoherences }: EvaluationResults): LayerIncoherence[] {
  const plan = combinations.find(({ strategy }) => planOrders(strategy) === "chosen")?.plan;
  const layers = layerIncoherence(incoherences, plan?.orders);
  return layers.flatMap(({ rows, nativeTiles, tiles }, layer) => [
    { layer, groups: "rows, any order", incoherence: rows },
    { layer, groups: "tiles, native order", incoherence: nativeTiles },
    ...(plan === undefined ? [] : [{ layer, groups: "tiles, PARO's orders", incoherence: tiles }]),
  ]);
}

function factsOf(options: {
  readonly app: App;
  readonly results: EvaluationResults;
  readonly settings: EvaluationSettings;
  readonly model: string;
}): (readonly [string, string])[] {
  const { app, results, settings, model } = options;
  const { software, steps, guidance, width, height, frames } = settings;
  const length = app.kind === "video" ? `${frames} frames of ` : "";
  const times = results.pairs
    .flat()
    .map(({ measuredAt }) => measuredAt)
    .sort();
  const packages = Object.entries(software.packages).map(([name, version]) => `${name} ${version}`);
  const seeds = [...new Set(results.subjects.map(({ seed }) => seed))];
  return [
    ["model", `${model}, fingerprint ${settings.model.slice(0, HASH_DIGITS)}`],
    [`${nounOf(app)}s`, `${length}${width}×${height}, ${steps} steps, guidance ${guidance}`],
    ["seeds", seeds.join(", ")],
    ["backend", settings.backend],
    ["processor", settings.processor],
    ["measured", `${minuteOf(times[0]!)} to ${minuteOf(times.at(-1)!)} UTC`],
    ["node", software.node],
    ["packages", `${packages.join(", ")}; code ${software.code.slice(0, HASH_DIGITS)}`],
    ...scheduleFacts(results.combinations),
    ...planFacts(results.combinations),
  ];
}

/** "2026-01-31 12:00" of an ISO time. */
function minuteOf(time: string): string {
  return time.slice(0, 16).replace("T", " ");
}

function scheduleFacts(combinations: readonly Combination[]): (readonly [string, string])[] {
  const facts = combinations.flatMap(({ strategy, schedule }) =>
    schedule ? [[`dense steps, ${strategy}`, describeSchedule(schedule)] as const] : [],
  );
  return [...new Map(facts)];
}

function planFacts(combinations: readonly Combination[]): (readonly [string, string])[] {
  const plans = new Map(
    combinations.flatMap(({ plan, strategy }) => (plan ? [[plan, strategy] as const] : [])),
  );
  return [...plans].map(([plan, strategy]) => {
    const { density, calibration, scoring } = plan;
    const hash = hashOfBytes(encodePlan(plan)).slice(0, HASH_DIGITS);
    const prompts = calibration.prompts.map((prompt) => `“${prompt}”`).join(", ");
    return [
      `plan, ${strategy} ${density.asked}`,
      `${hash}; met ${density.met.toFixed(4)} in calibration; orders ${scoring.orders}, alpha ${scoring.alpha}, epsilon ${scoring.epsilon}; calibrated on ${prompts} with seeds ${calibration.seeds.join(", ")}`,
    ] as const;
  });
}
