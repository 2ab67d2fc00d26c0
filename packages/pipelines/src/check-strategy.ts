import type { AttentionStrategy } from "@paroattn/attention";
import { expected } from "./errors.js";

/** Returns what is a strategy, by its `start`; throws `PipelineError` for anything else. */
export function checkStrategy(attention: AttentionStrategy | undefined): AttentionStrategy {
  if (typeof attention?.start === "function") return attention;
  throw expected({
    expected: "attention to be a strategy, such as denseAttention() of @paroattn/attention makes,",
    found: describe(attention),
  });
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === "object" ? "an object without start" : `a ${typeof value}`;
}
