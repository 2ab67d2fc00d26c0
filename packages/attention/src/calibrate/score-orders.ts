import { type AxisOrder, axisOrders, type OrderScore, selectOrders } from "@paroattn/reorder";
import { CalibrationError } from "../errors.js";
import type { AttentionSite, AttentionStrategy } from "../strategy.js";
import { scoreSite } from "./score-site.js";
import type { CalibrationSubject } from "./subject.js";
import { type WatchOptions, watch } from "./watch.js";

export interface ScoreOrdersOptions extends WatchOptions {
  /** Entries of the softmax map below it are small; may depend on the sequence. */
  readonly epsilon: (subject: CalibrationSubject) => number;
  /** Share of small entries that makes a block sparse, in [0, 1]. */
  readonly sigma: number;
  /** Steps of a run that are looked at, spread evenly over it. Default: all. */
  readonly watchSteps?: number | undefined;
}

/** The first pass of a calibration. */
export interface OrderScoring {
  readonly strategy: AttentionStrategy;
  /** The model that was watched. Throws a `CalibrationError` before the first generation. */
  subject(): CalibrationSubject;
  /**
   * [layers][heads][orders]: averaged over visual-visual blocks, prompts, steps and guidance branches.
   * Throws a `CalibrationError` where a layer was never seen.
   */
  scores(): OrderScore[][][];
  /** [layers][heads]: the cheapest order of each head. Throws as `scores`. */
  choose(alpha: number): AxisOrder[][];
}

/**
 * Scores every axis order for every head (PAROAttention section 4.1) while the model runs dense. What it keeps of a
 * site are two numbers per head and order.
 */
export function scoreOrders(options: ScoreOrdersOptions): OrderScoring {
  const layers = new Map<number, ScoreSum>();
  const watching = watch({
    ...options,
    async attend(site, front) {
      if (!isWatched(site, options.watchSteps)) {
        using operands = front.operands();
        return front.backend.attention({ operands }).output;
      }
      const epsilon = options.epsilon(watching.subject());
      const { output, scores } = await scoreSite({ site, front, epsilon, sigma: options.sigma });
      const sum = layers.get(site.layer) ?? new ScoreSum();
      layers.set(site.layer, sum);
      sum.add(scores, site.branches.length);
      return output;
    },
  });
  const scores = () =>
    Array.from({ length: watching.subject().layers }, (_, layer) => {
      const sum = layers.get(layer);
      if (sum !== undefined) return sum.mean();
      throw new CalibrationError({
        expected: "attention in every layer",
        found: `none in layer ${layer}`,
      });
    });
  return {
    strategy: watching.strategy,
    subject: watching.subject,
    scores,
    choose(alpha) {
      const orders = axisOrders(watching.subject().layout);
      return scores().map((layer) => selectOrders({ orders, scores: layer, alpha }));
    },
  };
}

/** Scores of one layer, [heads][orders], summed over sites. */
class ScoreSum {
  #sums: { sparse: number; quant: number }[][] = [];
  #weight = 0;

  add(scores: readonly (readonly OrderScore[])[], weight: number): void {
    this.#weight += weight;
    scores.forEach((orders, head) => {
      this.#sums[head] ??= orders.map(() => ({ sparse: 0, quant: 0 }));
      orders.forEach(({ sparse, quant }, order) => {
        const sum = this.#sums[head]![order]!;
        sum.sparse += weight * sparse;
        sum.quant += weight * quant;
      });
    });
  }

  mean(): OrderScore[][] {
    const of = (value: number) => value / this.#weight;
    return this.#sums.map((orders) =>
      // A mean of ones may round past 1.
      orders.map(({ sparse, quant }) => ({ sparse: Math.min(1, of(sparse)), quant: of(quant) })),
    );
  }
}

/** Whether a step is among `count` ones that are spread evenly over the run. */
function isWatched({ step, steps }: AttentionSite, count = steps): boolean {
  const stretch = (at: number) => Math.floor((at * count) / steps + 0.5);
  return stretch(step + 1) > stretch(step);
}
