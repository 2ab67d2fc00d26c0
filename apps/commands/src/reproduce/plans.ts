import { join } from "node:path";
import { type CriterionKind, makePlans, type Plan, readPlan, writePlan } from "@paroattn/attention";
import type { AxisOrder } from "@paroattn/reorder";
import type { BucketShare } from "@paroattn/sparse-masks";
import type { DrawSubject } from "../evaluate/draw-subject.js";
import { hashOf } from "../evaluate/hash.js";
import type { ResultStore } from "../evaluate/result-store.js";
import { makeFolder } from "../files/make-folder.js";
import type { Experiment } from "./experiment.js";
import {
  chooseOrders,
  meanScores,
  type OrderScores,
  orderScoresSchema,
  watchScores,
} from "./order-scores.js";
import type { PlanRecipe, Row } from "./rows.js";

const NAME_DIGITS = 12;

export interface PlansOptions {
  readonly rows: readonly Row[];
  readonly experiment: Experiment;
  readonly store: ResultStore;
  readonly draw: DrawSubject;
  readonly onProgress: (stage: string, done: number, detail: string) => void;
  readonly signal: AbortSignal;
}

export interface PlansOfRows {
  /** Of the rows that have a plan. */
  readonly plans: ReadonlyMap<Row, Plan>;
  /** Undefined where no row asked for an order to be chosen. */
  readonly scores: OrderScores | undefined;
}

type Orders = "native" | readonly (readonly AxisOrder[])[];

/** Rows whose plans come from the same pass over the calibration prompts. */
interface Pass {
  readonly orders: Orders;
  readonly share: BucketShare;
  readonly wanted: { readonly row: Row; readonly recipe: PlanRecipe; readonly file: string }[];
}

/**
 * The plans of all rows, kept in the experiment's folder: a first look at the calibration prompts scores the orders, then
 * there is one pass for each set of orders and each way to share masks, however many rows it serves. Where two weights choose
 * the same orders, their plans are the same one.
 */
export async function plansOfRows(options: PlansOptions): Promise<PlansOfRows> {
  const { rows, store } = options;
  const chooses = rows.some(({ plan }) => plan !== undefined && plan.orders !== "native");
  const scores = chooses ? await scoresOf(options) : undefined;
  const folder = join(store.folder, "plans");
  await makeFolder(folder);
  const passes = passesOf(rows, { scores, folder });
  const plans = new Map<Row, Plan>();
  for (const [index, pass] of passes.entries()) {
    const counted = (done: number) =>
      options.onProgress(
        "calibrate",
        (index + done) / passes.length,
        `${index + 1}/${passes.length}`,
      );
    const known = await readKnown(pass);
    if (known.size < pass.wanted.length) await calibrate(pass, { ...options, onProgress: counted });
    for (const [row, plan] of await readKnown(pass)) plans.set(row, plan);
  }
  return { plans, scores };
}

/** The scores of the calibration prompts, one kept result each. */
async function scoresOf(options: PlansOptions): Promise<OrderScores> {
  const { experiment, store, draw, onProgress } = options;
  const { prompts, seeds } = experiment.calibration;
  const runs: OrderScores[] = [];
  for (const [index, prompt] of prompts.entries()) {
    const subject = { prompt, seed: seeds[index]! };
    const settings = { kind: "scores", ...subject };
    let found: OrderScores | undefined = await store.find(settings, orderScoresSchema);
    if (found === undefined) {
      const watch = watchScores();
      await draw(subject, {
        steps: experiment.steps,
        attention: watch.strategy,
        onProgress: ({ stage, done }) => {
          const part = stage === "denoise" ? done : 0;
          const all = prompts.length;
          onProgress("score orders", (index + part) / all, `${index + 1}/${all}`);
        },
      });
      found = watch.result();
      await store.put(settings, found);
    }
    runs.push(found);
  }
  return meanScores(runs);
}

function passesOf(
  rows: readonly Row[],
  { scores, folder }: { readonly scores: OrderScores | undefined; readonly folder: string },
): Pass[] {
  const passes = new Map<string, Pass>();
  for (const row of rows) {
    if (row.plan === undefined) continue;
    const { share, criterion, density } = row.plan;
    const orders: Orders =
      row.plan.orders === "native" ? "native" : chooseOrders(scores!, row.plan.orders.alpha);
    const of = orders === "native" ? orders : hashOf(orders).slice(0, NAME_DIGITS);
    const pass: Pass = passes.get(`${of}-${share}`) ?? { orders, share, wanted: [] };
    passes.set(`${of}-${share}`, pass);
    const file = join(folder, `${of}-${share}-${criterion}-${density}.safetensors`);
    pass.wanted.push({ row, recipe: row.plan, file });
  }
  return [...passes.values()];
}

async function readKnown({ wanted }: Pass): Promise<Map<Row, Plan>> {
  const known = new Map<Row, Plan>();
  for (const { row, file } of wanted) {
    // Absent, or damaged by someone: it is made again.
    const plan = await readPlan(file).catch(() => undefined);
    if (plan !== undefined) known.set(row, plan);
  }
  return known;
}

/** Makes the plans of a pass and writes them. */
async function calibrate(
  { orders, share, wanted }: Pass,
  options: Omit<PlansOptions, "onProgress"> & { readonly onProgress: (done: number) => void },
): Promise<void> {
  const { experiment, draw, signal } = options;
  const { steps, guidance, width, height, frames } = experiment;
  const { prompts, seeds } = experiment.calibration;
  const unique = <T>(values: readonly T[]) => [...new Set(values)];
  const densities = unique(wanted.map(({ recipe }) => recipe.density));
  const criteria: CriterionKind[] = unique(wanted.map(({ recipe }) => recipe.criterion));
  const plans = await makePlans({
    densities,
    criteria,
    prompts,
    seeds,
    settings: { steps, guidance, width, height, frames },
    share,
    forcedOrders: orders,
    signal,
    onProgress: ({ fraction }) => options.onProgress(fraction),
    generate: async (attention) => {
      for (const [index, prompt] of prompts.entries()) {
        await draw({ prompt, seed: seeds[index]! }, { steps, attention });
      }
    },
  });
  for (const { recipe, file } of wanted) {
    const at = criteria.indexOf(recipe.criterion) * densities.length;
    await writePlan(file, plans[at + densities.indexOf(recipe.density)]!, { signal });
  }
}
