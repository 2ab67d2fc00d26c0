import { refuse } from "./errors.js";
import type { AxisOrder } from "./order.js";
import type { OrderScore } from "./score.js";

/** The paper's α leaves both terms the same weight. */
export const DEFAULT_ALPHA = 0.5;

/**
 * Costs nearer than this are a tie. Each term is a share of 1; statistics in float32 move a cost by about 1e-7,
 * which must not decide the order of a head that is alike in all of them.
 */
const TIE = 1e-6;

export interface OrderCandidate extends OrderScore {
  readonly order: AxisOrder;
}

export interface CombineScoresOptions {
  /** One entry per order that is a candidate, averaged over prompts, steps and branches beforehand. */
  readonly candidates: readonly OrderCandidate[];
  /** Weight of the sparse term in [0, 1]; the incoherence gets the rest. Default: 0.5. */
  readonly alpha?: number;
}

export interface CombinedScores {
  /** The cost of each candidate, in their order; below zero where sparsity outweighs incoherence. */
  readonly costs: readonly number[];
  /** The order with the smallest cost. Ties take the native order, else the first. */
  readonly order: AxisOrder;
}

/**
 * Weighs the two scores of each order into one cost and picks the cheapest (PAROAttention §4.1):
 * `M = (1 - alpha) * quant / Σ quant - alpha * sparse / Σ sparse`. A sum of zero gives equal terms.
 *
 * The paper prints `+ alpha * sparse / Σ sparse`, which would reward the less sparse order. Turning the term into the
 * cost `(1 - sparse) / Σ(1 - sparse)` instead fails on thin heads: where one order is wholly sparse (1 - sparse = 0)
 * and the right one nearly (0.07), the shares 0 and 1 overrule an incoherence of 39 against 7, and the order is chosen
 * in which no block holds what the head looks at.
 *
 * Throws a `ReorderError` without candidates, for NaN, and for a score or an alpha out of range.
 */
export function combineScores(options: CombineScoresOptions): CombinedScores {
  const { candidates, alpha = DEFAULT_ALPHA } = options;
  if (candidates.length === 0) refuse("at least one candidate order", "none");
  if (!(alpha >= 0 && alpha <= 1)) refuse("alpha in [0, 1]", alpha);
  checkScores(candidates);
  const sparsity = shares(candidates.map(({ sparse }) => sparse));
  const incoherence = shares(candidates.map(({ quant }) => quant));
  const costs = incoherence.map(
    (share, i) => (1 - alpha) * share - alpha * (sparsity[i] as number),
  );
  const tied = Math.min(...costs) + TIE;
  const best = candidates.filter((_, i) => (costs[i] as number) <= tied);
  const native = best.find(({ order }) => order === "HW" || order === "FHW");
  return { costs, order: (native ?? (best[0] as OrderCandidate)).order };
}

function checkScores(candidates: readonly OrderCandidate[], head = ""): void {
  for (const { order, sparse, quant } of candidates) {
    if (!(sparse >= 0 && sparse <= 1)) {
      refuse(`a sparse score in [0, 1]${head} in order ${order}`, sparse);
    }
    if (!(quant >= 0 && Number.isFinite(quant))) {
      refuse(`a finite quant score of 0 or more${head} in order ${order}`, quant);
    }
  }
}

function shares(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => (total === 0 ? 1 / values.length : value / total));
}

/** The mean of several scores of one order: over prompts, steps and guidance branches. Throws a `ReorderError` for none. */
export function averageScores(scores: readonly OrderScore[]): OrderScore {
  if (scores.length === 0) refuse("at least one score", "none");
  const mean = (pick: (score: OrderScore) => number) =>
    scores.reduce((sum, score) => sum + pick(score), 0) / scores.length;
  return { sparse: mean((score) => score.sparse), quant: mean((score) => score.quant) };
}

export interface SelectOrdersOptions {
  /** The candidates, such as `axisOrders(layout)`. */
  readonly orders: readonly AxisOrder[];
  /** [heads][orders]: averaged scores. */
  readonly scores: readonly (readonly OrderScore[])[];
  /** Default: 0.5. */
  readonly alpha?: number;
}

/** The order of each head, from its averaged scores. Throws a `ReorderError` as `combineScores` does, naming the head. */
export function selectOrders(options: SelectOrdersOptions): AxisOrder[] {
  const { orders, scores, alpha = DEFAULT_ALPHA } = options;
  return scores.map((head, index) => {
    if (head.length !== orders.length) {
      refuse(`${orders.length} scores for head ${index}`, head.length);
    }
    const candidates = orders.map((order, i) => ({ order, ...(head[i] as OrderScore) }));
    checkScores(candidates, ` for head ${index}`);
    return combineScores({ candidates, alpha }).order;
  });
}
