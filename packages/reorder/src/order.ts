/** An order of an image's grid: the first axis changes slowest. `HW` is the native order. */
export type ImageOrder = "HW" | "WH";

/** An order of a video's grid: the first axis changes slowest. `FHW` is the native order. */
export type VideoOrder = "FHW" | "FWH" | "HFW" | "HWF" | "WFH" | "WHF";

export type AxisOrder = ImageOrder | VideoOrder;
