import { refuse } from "./errors.js";
import { describeLayout, type TokenLayout } from "./layout.js";

/** An order of an image's grid: the first axis changes slowest. `HW` is the native order. */
export type ImageOrder = "HW" | "WH";

/** An order of a video's grid: the first axis changes slowest. `FHW` is the native order. */
export type VideoOrder = "FHW" | "FWH" | "HFW" | "HWF" | "WFH" | "WHF";

export type AxisOrder = ImageOrder | VideoOrder;

/** The 2 orders of an image's grid, native first. */
export const IMAGE_ORDERS: readonly ImageOrder[] = Object.freeze(["HW", "WH"] as const);

/** The 6 orders of a video's grid, native first. */
export const VIDEO_ORDERS: readonly VideoOrder[] = Object.freeze([
  "FHW",
  "FWH",
  "HFW",
  "HWF",
  "WFH",
  "WHF",
] as const);

/** The orders that a layout can take, native first: 2 where it has one frame, else 6 (PAROAttention §4.1). */
export function axisOrders(layout: TokenLayout): readonly AxisOrder[] {
  return layout.frames === 1 ? IMAGE_ORDERS : VIDEO_ORDERS;
}

/** The order in which the tokens already stand: `HW` for one frame, else `FHW`. */
export function nativeOrder(layout: TokenLayout): AxisOrder {
  return layout.frames === 1 ? "HW" : "FHW";
}

/** Throws a `ReorderError` unless the layout can take this order. */
export function assertOrder(layout: TokenLayout, order: AxisOrder): void {
  const orders = axisOrders(layout);
  if (!orders.includes(order)) {
    refuse(`one of the orders ${orders.join(", ")} of the layout ${describeLayout(layout)}`, order);
  }
}
