import { readFile } from "node:fs/promises";
import type { Plan } from "@paroattn/attention";
import { z } from "zod";
import type { Incoherence } from "../evaluate/incoherence.js";
import { medianOf } from "../evaluate/median.js";
import { layerIncoherence, spreadOf, spreadSchema } from "../evaluate/summary.js";
import { UsageError } from "../terminal/run-command.js";
import type { Experiment } from "./experiment.js";
import type { Measured } from "./measurement.js";
import { chooseOrders, type OrderScores } from "./order-scores.js";
import { type Row, TABLES } from "./rows.js";
import type { RunResult } from "./run-result.js";

/** Times beside those of the dense fp32 runs next to them, in milliseconds. */
const timesSchema = z.object({
  best: z.number(),
  median: z.number(),
  denseBest: z.number(),
  denseMedian: z.number(),
  /** The median over the drawings of dense time / time. */
  speedup: z.number(),
});

const captionsSchema = z.object({ right: z.number().int(), judged: z.number().int() });

const rowSchema = z.object({
  name: z.string(),
  table: z.enum(TABLES),
  precision: z.string(),
  simulated: z.boolean(),
  /** As asked; 1 for dense. */
  density: z.number(),
  /** Executed query-key pairs / all of them. */
  densityMet: spreadSchema,
  /** In dB, over the drawings that differ from the dense ones; null where none does. */
  psnr: spreadSchema.nullable(),
  /** Drawings that are the dense one, byte by byte. */
  identical: z.number().int(),
  ssim: spreadSchema,
  cosine: spreadSchema,
  relativeL1: spreadSchema,
  /** Null where the checker can read no prompt. */
  captions: captionsSchema.nullable(),
  /** Null where no speed is claimed. */
  attention: timesSchema.nullable(),
  loop: timesSchema.nullable(),
});

export type RowResult = z.infer<typeof rowSchema>;

const incoherenceSchema = z.object({
  rows: z.number(),
  nativeTiles: z.number(),
  tiles: z.number(),
});

/** Everything that the tables of the experiment show, as `reproduce --save` keeps it. */
export const reproductionSchema = z.object({
  format: z.literal("paroattn.reproduction"),
  version: z.literal(1),
  measured: z.object({ from: z.string(), to: z.string() }),
  /** The model's name; `fingerprint` is a hash of its folder. */
  model: z.object({ name: z.string(), fingerprint: z.string() }),
  steps: z.number(),
  guidance: z.number(),
  width: z.number(),
  height: z.number(),
  frames: z.number(),
  backend: z.string(),
  processor: z.string(),
  node: z.string(),
  code: z.string(),
  prompts: z.array(z.string()),
  seeds: z.array(z.number()),
  calibration: z.object({
    prompts: z.array(z.string()),
    seeds: z.array(z.number()),
  }),
  /** What the checker says of the dense drawings. */
  denseCaptions: captionsSchema.nullable(),
  rows: z.array(rowSchema),
  /** Null where no row asked for an order to be chosen. */
  orders: z
    .object({
      candidates: z.array(z.string()),
      /** For each weight: [layers][heads]. */
      chosen: z.array(z.object({ alpha: z.number(), orders: z.array(z.array(z.string())) })),
      /** [layers][heads][candidates]: what the calibration saw, sparse blocks and incoherence. */
      scores: z.array(z.array(z.array(z.object({ sparse: z.number(), quant: z.number() })))),
    })
    .nullable(),
  /** [layers]: of the softmax map on the held-out prompts; `tiles` in the orders of alpha 0.5, else in native order. */
  incoherence: z.array(incoherenceSchema),
});

export type Reproduction = z.infer<typeof reproductionSchema>;

/** The weight at which this project chooses orders unless told otherwise. */
const DEFAULT_ALPHA = 0.5;

export function resultOf(options: {
  readonly model: string;
  readonly experiment: Experiment;
  readonly rows: readonly Row[];
  readonly plans: ReadonlyMap<Row, Plan>;
  readonly scores: OrderScores | undefined;
  readonly measured: Measured;
}): Reproduction {
  const { model, experiment, rows, plans, scores, measured } = options;
  const { steps, guidance, width, height, frames, backend, processor, software } = experiment;
  const times = [...measured.runs.values()]
    .flat()
    .map(({ measuredAt }) => measuredAt)
    .sort();
  return {
    format: "paroattn.reproduction",
    version: 1,
    measured: { from: times[0]!, to: times.at(-1)! },
    model: { name: model, fingerprint: experiment.model },
    ...{ steps, guidance, width, height, frames, backend, processor },
    node: software.node,
    code: software.code,
    prompts: [...experiment.prompts],
    seeds: [...experiment.seeds],
    calibration: {
      prompts: [...experiment.calibration.prompts],
      seeds: [...experiment.calibration.seeds],
    },
    denseCaptions: captionsOf(measured.references),
    rows: rows.map((row) => rowResult(row, plans.get(row), measured.runs.get(row)!)),
    orders: scores === undefined ? null : ordersOf(scores, rows),
    incoherence: incoherenceOf(measured.incoherences, scores),
  };
}

function rowResult(row: Row, plan: Plan | undefined, runs: readonly RunResult[]): RowResult {
  const of = (pick: (run: RunResult) => number) => spreadOf(runs.map(pick));
  const differing = runs.flatMap(({ psnr }) => (psnr === null ? [] : [psnr]));
  const simulated = runs.some((run) => run.simulated);
  const claimed = row.timed && !simulated;
  return {
    name: row.name,
    table: row.table,
    precision: row.precision,
    simulated,
    density: plan?.density.asked ?? 1,
    densityMet: of(({ density }) => density),
    psnr: differing.length === 0 ? null : spreadOf(differing),
    identical: runs.length - differing.length,
    ssim: of(({ ssim }) => ssim),
    cosine: of(({ cosine }) => cosine),
    relativeL1: of(({ relativeL1 }) => relativeL1),
    captions: captionsOf(runs),
    attention: claimed ? timesOf(runs, "attentionMs") : null,
    loop: claimed ? timesOf(runs, "loopMs") : null,
  };
}

function timesOf(runs: readonly RunResult[], name: keyof RunResult["times"]) {
  const own = runs.map(({ times }) => times[name]);
  const dense = runs.map(({ denseTimes }) => denseTimes![name]);
  return {
    best: Math.min(...own),
    median: medianOf(own),
    denseBest: Math.min(...dense),
    denseMedian: medianOf(dense),
    speedup: medianOf(own.map((time, index) => dense[index]! / time)),
  };
}

function captionsOf(judged: readonly { readonly captionRight: boolean | null }[]) {
  const known = judged.flatMap(({ captionRight }) => (captionRight === null ? [] : [captionRight]));
  if (known.length === 0) return null;
  return { right: known.filter((right) => right).length, judged: known.length };
}

function ordersOf(scores: OrderScores, rows: readonly Row[]) {
  const alphas = rows.flatMap(({ plan }) =>
    plan === undefined || plan.orders === "native" ? [] : [plan.orders.alpha],
  );
  return {
    candidates: [...scores.orders],
    chosen: [...new Set(alphas)]
      .sort((a, b) => a - b)
      .map((alpha) => ({ alpha, orders: chooseOrders(scores, alpha) })),
    scores: scores.scores.map((heads) => heads.map((of) => of.map((score) => ({ ...score })))),
  };
}

function incoherenceOf(seen: readonly Incoherence[], scores: OrderScores | undefined) {
  return layerIncoherence(seen, scores && chooseOrders(scores, DEFAULT_ALPHA));
}

/**
 * A result that was saved.
 *
 * @throws UsageError naming the file where it holds none.
 */
export async function readReproduction(file: string): Promise<Reproduction> {
  let found: string;
  try {
    return reproductionSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    found = error instanceof z.ZodError ? error.issues[0]!.message : String(error);
  }
  throw new UsageError(`Expected a result of reproduce in ${file} but found none: ${found}`);
}
