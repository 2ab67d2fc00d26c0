import { type AttentionStrategy, scoreOrders } from "@paroattn/attention";
import {
  type AxisOrder,
  averageScores,
  axisOrders,
  DEFAULT_EPSILON,
  DEFAULT_SIGMA,
  type OrderScore,
  selectOrders,
} from "@paroattn/reorder";
import { z } from "zod";

/** What one dense run says of every axis order of every head (PAROAttention section 4.1). */
export const orderScoresSchema = z.object({
  orders: z.array(z.string().transform((order) => order as AxisOrder)),
  /** [layers][heads][orders] */
  scores: z.array(z.array(z.array(z.object({ sparse: z.number(), quant: z.number() })))),
});

export interface OrderScores {
  /** The candidates, the native one first. */
  readonly orders: readonly AxisOrder[];
  /** [layers][heads][orders] */
  readonly scores: readonly (readonly (readonly OrderScore[])[])[];
}

/** A strategy that answers dense and scores every step of a run, and what it has seen after the run. */
export function watchScores(): {
  readonly strategy: AttentionStrategy;
  result(): OrderScores;
} {
  const scoring = scoreOrders({ epsilon: () => DEFAULT_EPSILON, sigma: DEFAULT_SIGMA });
  return {
    strategy: scoring.strategy,
    result: () => ({ orders: axisOrders(scoring.subject().layout), scores: scoring.scores() }),
  };
}

/** The mean over the calibration's runs. */
export function meanScores(runs: readonly OrderScores[]): OrderScores {
  const [{ orders, scores }] = runs as [OrderScores, ...OrderScores[]];
  return {
    orders,
    scores: scores.map((heads, layer) =>
      heads.map((of, head) =>
        of.map((_, order) => averageScores(runs.map((run) => run.scores[layer]![head]![order]!))),
      ),
    ),
  };
}

/** [layers][heads]: the order that each head gets at a weight of sparsity against incoherence. */
export function chooseOrders({ orders, scores }: OrderScores, alpha: number): AxisOrder[][] {
  return scores.map((heads) => selectOrders({ orders, scores: heads, alpha }));
}
