import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import { denseSite } from "./run/dense-site.js";
import type { AttentionStrategy } from "./strategy.js";

/**
 * Attention as it stands in the model: every query-key pair, in sequence order. Density 1.
 *
 * `start` throws the backend's `UnsupportedError` for a precision that it does not execute.
 */
export function denseAttention(
  options: {
    /** Default: f32 for both products. */
    readonly precision?: AttentionPrecision;
  } = {},
): AttentionStrategy {
  const precision = resolvePrecision(options.precision);
  return {
    name: "dense",
    start({ backend }) {
      const arithmetic = backend.arithmetic(precision);
      return {
        before: () => "compute",
        attend: (_site, front) => denseSite(front, precision).output,
        report: () => ({ ...DENSE_WORK, strategy: "dense", precision, arithmetic }),
        dispose() {},
      };
    },
  };
}

/** What a run reports that answers every site dense and keeps nothing. */
export const DENSE_WORK = { density: 1, denseShare: 1, cacheBytes: 0 } as const;
