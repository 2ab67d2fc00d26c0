import type { MaskShift, Plan, StepSchedule } from "@paroattn/attention";
import { z } from "zod";
import { STRATEGY_NAMES } from "../strategies/registry.js";
import type { Combination } from "./combinations.js";
import type { ControlTimes } from "./control-overhead.js";
import type { Incoherence } from "./incoherence.js";
import { medianOf } from "./median.js";
import type { PairResult } from "./pair-result.js";

/** Over pictures. `spread` is the sample standard deviation; null for a single picture. */
export const spreadSchema = z.object({ mean: z.number(), spread: z.number().nullable() });

export type Spread = z.infer<typeof spreadSchema>;

/** Jaccard overlaps of kept query-key pairs between visual tokens, over so many pairs of masks. */
const overlapSchema = z.object({
  pairs: z.number().int(),
  mean: z.number(),
  least: z.number(),
});

const motionSchema = spreadSchema.extend({ read: z.number().int() });

const stepsSchema = z.union([
  z.array(z.number().int()).readonly(),
  z.object({ every: z.number().int() }),
]);

/** One line of `evaluate --json`: one combination. */
export const evaluationLineSchema = z.object({
  strategy: z.enum(STRATEGY_NAMES),
  /** Executed over the run, as asked; for a strategy without one, what its dense steps come to. */
  density: z.number(),
  /** Executed query-key pairs / all of them. */
  densityMet: spreadSchema,
  precision: z.string(),
  /** Whether the precision was simulated: its times say nothing of its speed. */
  simulated: z.boolean(),
  /** Its dense steps; absent where it has none. */
  schedule: z.object({ warmUp: z.number().int(), refresh: stepsSchema }).optional(),
  /** Sites that were answered with dense attention / all of them. */
  denseShare: spreadSchema,
  /** Of the sparse steps, as the strategy was asked for it; null where it has none, or they compute nothing. */
  sparseDensity: z.number().nullable(),
  /** Most bytes kept from one site to another. */
  cacheBytes: z.number(),
  /** Work beside the attention that it answers with / dense attention time, in a run of its own; null where simulated. */
  controlOverhead: z.number().nullable(),
  /** In dB, over the pictures that differ from the dense one; `mean` is null where none does. */
  psnr: z.object({
    mean: z.number().nullable(),
    spread: z.number().nullable(),
    /** Pictures that are the dense one, byte by byte: their PSNR is infinite. */
    identical: z.number().int(),
  }),
  ssim: spreadSchema,
  cosine: spreadSchema,
  relativeL1: spreadSchema,
  /** Share of captions that the picture shows, over prompts that the checker can read; null where it can read none. */
  captionAccuracy: spreadSchema.nullable(),
  denseCaptionAccuracy: spreadSchema.nullable(),
  /**
   * Pixels that objects are away from those of the dense video, and from the way that the caption names, over the videos of which
   * it can be told (`read`); null where that is none, and for pictures.
   */
  motionError: motionSchema.nullable(),
  captionMotionError: motionSchema.nullable(),
  denseCaptionMotionError: motionSchema.nullable(),
  /** Milliseconds a picture: self-attention (front and kernel) and the denoising loop, and those of the dense FP32 run beside it. */
  attentionMs: spreadSchema,
  denseAttentionMs: spreadSchema,
  loopMs: spreadSchema,
  denseLoopMs: spreadSchema,
  /** Median over pictures of the time of the dense run / the time of the run beside it; null where simulated. */
  attentionSpeedup: z.number().nullable(),
  loopSpeedup: z.number().nullable(),
  /**
   * Maximum / mean of the groups of the softmax map, over layers, heads, watched steps: of 64x64 tiles in the orders of this
   * combination, and of whole rows, which no order changes.
   */
  incoherence: z.object({ tiles: spreadSchema, rows: spreadSchema }),
  /**
   * Of the masks that watched steps of dense runs ask for by themselves, at the plan's density and in its orders, and of the
   * plan's own; null where there is no pair. Only with `--mask-shift`, and only for plans.
   */
  maskShift: z
    .object({
      prompts: overlapSchema.nullable(),
      seeds: overlapSchema.nullable(),
      steps: overlapSchema.nullable(),
      plan: overlapSchema.nullable(),
    })
    .optional(),
  pictures: z.number().int(),
  prompts: z.array(z.string()),
  /** Every prompt is drawn with every seed. */
  seeds: z.array(z.number()),
});

export type EvaluationLine = z.infer<typeof evaluationLineSchema>;

/** The mean and the standard deviation of some values. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, spread: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / (values.length - 1)) };
}

/** One combination over all pictures. */
export function summarise(options: {
  readonly combination: Combination;
  readonly pairs: readonly PairResult[];
  readonly control: ControlTimes;
  readonly incoherences: readonly Incoherence[];
  readonly shifts?: ReadonlyMap<Plan, MaskShift>;
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
}): EvaluationLine {
  const { combination, pairs, control, incoherences, shifts, prompts, seeds } = options;
  const { strategy, density, precision, plan, schedule } = combination;
  const of = (pick: (pair: PairResult) => number) => spreadOf(pairs.map(pick));
  const shift = plan && shifts?.get(plan);
  const simulated = pairs.some((pair) => pair.simulated);
  const speedup = (ratio: (pair: PairResult) => number) =>
    simulated ? null : medianOf(pairs.map(ratio));
  const differing = pairs.flatMap(({ psnr }) => (psnr === null ? [] : [psnr]));
  return {
    strategy,
    density,
    densityMet: of((pair) => pair.density),
    precision,
    simulated,
    ...(schedule && { schedule: wholeSchedule(schedule) }),
    denseShare: of((pair) => pair.denseShare),
    sparseDensity: combination.sparseDensity ?? plan?.density.asked ?? null,
    cacheBytes: Math.max(...pairs.map(({ cacheBytes }) => cacheBytes)),
    controlOverhead: simulated ? null : control.control / control.dense,
    psnr: {
      ...(differing.length === 0 ? { mean: null, spread: null } : spreadOf(differing)),
      identical: pairs.length - differing.length,
    },
    ssim: of(({ ssim }) => ssim),
    cosine: of(({ cosine }) => cosine),
    relativeL1: of(({ relativeL1 }) => relativeL1),
    captionAccuracy: accuracy(pairs.map(({ captionRight }) => captionRight)),
    denseCaptionAccuracy: accuracy(pairs.map(({ denseCaptionRight }) => denseCaptionRight)),
    motionError: motionOf(pairs.map(({ motion }) => motion.reference)),
    captionMotionError: motionOf(pairs.map(({ motion }) => motion.caption)),
    denseCaptionMotionError: motionOf(pairs.map(({ denseMotion }) => denseMotion.caption)),
    attentionMs: of(({ attentionMs }) => attentionMs),
    denseAttentionMs: of(({ denseAttentionMs }) => denseAttentionMs),
    loopMs: of(({ loopMs }) => loopMs),
    denseLoopMs: of(({ denseLoopMs }) => denseLoopMs),
    attentionSpeedup: speedup((pair) => pair.denseAttentionMs / pair.attentionMs),
    loopSpeedup: speedup((pair) => pair.denseLoopMs / pair.loopMs),
    incoherence: {
      tiles: spreadOf(incoherences.map((one) => tileIncoherence(one, plan?.orders))),
      rows: spreadOf(incoherences.map(({ rows }) => mean(rows.flat()))),
    },
    ...(shift && {
      maskShift: {
        prompts: shift.prompts ?? null,
        seeds: shift.seeds ?? null,
        steps: shift.steps ?? null,
        plan: shift.plan ?? null,
      },
    }),
    pictures: pairs.length,
    prompts: [...prompts],
    seeds: [...seeds],
  };
}

/** The mean over layers and heads, each head in the order that `orders` [layers][heads] gives it, or in the native one, the first. */
export function tileIncoherence(
  { orders: names, tiles }: Incoherence,
  orders: readonly (readonly string[])[] | undefined,
): number {
  const values = tiles.flatMap((heads, layer) =>
    heads.map((of, head) => of[orders === undefined ? 0 : names.indexOf(orders[layer]![head]!)]!),
  );
  return mean(values);
}

/** By layer: the mean over heads and pictures of the row groups and of the tiles, in native order and in `orders`. */
export function layerIncoherence(
  incoherences: readonly Incoherence[],
  orders: readonly (readonly string[])[] | undefined,
): { readonly rows: number; readonly nativeTiles: number; readonly tiles: number }[] {
  const layers = incoherences[0]?.rows ?? [];
  return layers.map((_, layer) => {
    const only = incoherences.map(({ orders, tiles, rows }) => ({
      orders,
      tiles: [tiles[layer]!],
      rows: [rows[layer]!],
    }));
    const ofLayer = orders && [orders[layer]!];
    return {
      rows: mean(only.map(({ rows }) => mean(rows.flat()))),
      nativeTiles: mean(only.map((one) => tileIncoherence(one, undefined))),
      tiles: mean(only.map((one) => tileIncoherence(one, ofLayer))),
    };
  });
}

function wholeSchedule({ warmUp = 0, refresh = [] }: StepSchedule) {
  return { warmUp, refresh };
}

function motionOf(errors: readonly (number | null)[]) {
  const known = errors.filter((error) => error !== null);
  return known.length === 0 ? null : { ...spreadOf(known), read: known.length };
}

function accuracy(judged: readonly (boolean | null)[]): Spread | null {
  const known = judged.filter((right) => right !== null);
  return known.length === 0 ? null : spreadOf(known.map(Number));
}

function mean(values: readonly number[]): number {
  return spreadOf(values).mean;
}
