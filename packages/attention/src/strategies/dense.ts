import type { AttentionStrategy } from "../strategy.js";

/** Every query-key pair, in sequence order: what the model was trained with, and what the others are measured against. */
export function denseAttention(): AttentionStrategy {
  return {
    name: "dense",
    start: () => ({
      before: () => "compute",
      attend: (_site, front) => front.backend.attention({ operands: front.operands() }).output,
      report: () => ({ strategy: "dense", density: 1 }),
      dispose() {},
    }),
  };
}
