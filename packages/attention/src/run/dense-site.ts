import type { AttentionPrecision } from "@paroattn/backend";
import type { AttentionFront } from "../strategy.js";
import type { Attended } from "./attended.js";

/** A site with all of its query-key pairs, in sequence order. */
export function denseSite(front: AttentionFront, precision: AttentionPrecision): Attended {
  using operands = front.operands({ precision });
  return { output: front.backend.attention({ operands }).output, density: 1 };
}
