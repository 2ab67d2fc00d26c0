import type { AttentionPrecision } from "@paroattn/backend";
import type { AxisOrder } from "@paroattn/reorder";
import type { AttentionFront } from "../strategy.js";
import type { Attended } from "./attended.js";

/** A site with all of its query-key pairs. `orders`: of the heads; sequence order without. */
export function denseSite(
  front: AttentionFront,
  precision: AttentionPrecision,
  orders?: readonly AxisOrder[],
): Attended {
  using operands = front.operands({ precision, ...(orders && { orders }) });
  return { output: front.backend.attention({ operands }).output, density: 1, dense: true };
}
