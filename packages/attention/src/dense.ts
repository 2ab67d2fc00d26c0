import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import type { AxisOrder } from "@paroattn/reorder";
import { denseSite } from "./run/dense-site.js";
import type { AttentionStrategy } from "./strategy.js";

/**
 * Attention as it stands in the model: every query-key pair. Density 1.
 *
 * `start` throws the backend's `UnsupportedError` for a precision that it does not execute, and the first attention its
 * `InvalidArgumentError` for an order that the layout does not have.
 */
export function denseAttention(
  options: {
    /** Default: f32 for both products. */
    readonly precision?: AttentionPrecision;
    /**
     * In which all heads take their tokens: the same but for rounding, which tells how far two ways to add up the same numbers
     * lead apart. Default: sequence order.
     */
    readonly order?: AxisOrder;
  } = {},
): AttentionStrategy {
  const { order } = options;
  const precision = resolvePrecision(options.precision);
  return {
    name: "dense",
    start({ backend, heads }) {
      const arithmetic = backend.arithmetic(precision);
      const orders = order && new Array<AxisOrder>(heads).fill(order);
      return {
        before: () => "compute",
        attend: (_site, front) => denseSite(front, precision, orders).output,
        report: () => ({ ...DENSE_WORK, strategy: "dense", precision, arithmetic }),
        dispose() {},
      };
    },
  };
}

/** What a run reports that answers every site dense and keeps nothing. */
export const DENSE_WORK = { density: 1, denseShare: 1, cacheBytes: 0 } as const;
