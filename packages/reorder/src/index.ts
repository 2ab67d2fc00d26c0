export type { TokenLayout } from "./layout.js";
export type { AxisOrder, ImageOrder, VideoOrder } from "./order.js";
