import type { AttentionRun, AttentionStrategy } from "./strategy.js";

/** A run that computes every query-key pair and remembers nothing. */
const denseRun: AttentionRun = {
  before: () => "compute",
  attend(_site, front) {
    using operands = front.operands();
    return front.backend.attention({ operands }).output;
  },
  report: () => ({ strategy: "dense", density: 1 }),
  dispose() {},
};

/** Attention as it stands in the model: every query-key pair, in sequence order. Density 1. */
export function denseAttention(): AttentionStrategy {
  return { name: "dense", start: () => denseRun };
}
