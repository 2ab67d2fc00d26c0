import {
  type AxisOrder,
  axisOrders,
  DEFAULT_EPSILON,
  DEFAULT_SIGMA,
  type OrderScore,
  partitionLayout,
  scoreFromStatistics,
} from "@paroattn/reorder";
import { PLAN_BLOCK_SIZE } from "../plan/plan.js";
import type { AttentionStrategy } from "../strategy.js";
import { type CalibratedModel, ModelWatcher } from "./model-info.js";
import { forEachHead } from "./read-statistics.js";

/** Runs the model with a strategy on every calibration prompt. */
export type RunModel = (strategy: AttentionStrategy) => Promise<void>;

export interface ScoreOrdersOptions {
  readonly generate: RunModel;
  /** Share of small entries that makes a block sparse. Default: 0.9. */
  readonly sigma?: number;
  /** Entries of the softmax map below this are small. Default: 1e-3; see `epsilonFor`. */
  readonly epsilon?: number;
}

export interface OrderScores {
  readonly model: CalibratedModel;
  /** The candidates, the native order first. */
  readonly orders: readonly AxisOrder[];
  /** [layers][heads][orders], averaged over prompts, steps and guidance branches. */
  readonly scores: readonly (readonly (readonly OrderScore[])[])[];
}

/** Sums of the scores of one (layer, head, order). */
interface Sums {
  sparse: number;
  quant: number;
  count: number;
}

/**
 * Pass one of a calibration: dense attention, watched. The block statistics of each candidate order are reduced at
 * once to two numbers per (layer, head, order), so memory does not grow with prompts or steps (PAROAttention §4.1).
 *
 * @throws CalibrationError when `generate` does not use the strategy or its runs differ in layout or steps.
 */
export async function scoreOrders(options: ScoreOrdersOptions): Promise<OrderScores> {
  const { generate, sigma = DEFAULT_SIGMA, epsilon = DEFAULT_EPSILON } = options;
  const watcher = new ModelWatcher();
  const sums = new Map<string, Sums>();
  await generate({
    name: "calibrate orders",
    async start(generation) {
      const { layout } = await watcher.watch(generation);
      const partition = partitionLayout(layout, PLAN_BLOCK_SIZE);
      const orders = axisOrders(layout);
      return {
        before: () => "compute",
        async attend({ layer, heads }, front) {
          const native = front.operands();
          const { output, logSumExp } = front.backend.attention({
            operands: native,
            returnLogSumExp: true,
          });
          for (const [index, order] of orders.entries()) {
            const operands =
              index === 0 ? native : front.operands({ orders: new Array(heads).fill(order) });
            const statistics = front.backend.blockStatistics({
              operands,
              logSumExp: logSumExp!,
              epsilon,
            });
            await forEachHead({ backend: front.backend, statistics }, ({ head, ...tiles }) => {
              const score = scoreFromStatistics({ ...tiles, partition, sigma });
              const key = `${layer} ${head} ${index}`;
              const sum = sums.get(key) ?? { sparse: 0, quant: 0, count: 0 };
              sum.sparse += score.sparse;
              sum.quant += score.quant;
              sum.count += 1;
              sums.set(key, sum);
            });
            operands.dispose();
          }
          return output;
        },
        report: () => ({ strategy: "calibrate", density: 1 }),
        dispose() {},
      };
    },
  });
  const { model } = watcher;
  const orders = axisOrders(model.layout);
  const mean = (layer: number, head: number, order: number): OrderScore => {
    const { sparse, quant, count } = sums.get(`${layer} ${head} ${order}`)!;
    return { sparse: sparse / count, quant: quant / count };
  };
  const scores = Array.from({ length: model.layers }, (_, layer) =>
    Array.from({ length: model.heads }, (_, head) =>
      orders.map((_, order) => mean(layer, head, order)),
    ),
  );
  return { model, orders, scores };
}
