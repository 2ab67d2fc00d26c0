import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
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
        attend(_site, front) {
          using operands = front.operands({ precision });
          return front.backend.attention({ operands }).output;
        },
        report: () => ({ strategy: "dense", density: 1, precision, arithmetic }),
        dispose() {},
      };
    },
  };
}
