import type { DType, DTypeArrays } from "./dtype.js";

/** Sizes of each axis, slowest first. A scalar has the shape `[]`. */
export type Shape = readonly number[];

/**
 * A tensor in ordinary memory, row-major and dense.
 * `data` holds exactly the product of `shape` elements.
 */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: DTypeArrays[D];
}
