import { DTYPE_ARRAYS, DTYPES, type DType, type DTypeArrays } from "./dtype.js";
import { describe, InvalidTensorError } from "./errors.js";
import { elementCount, type Shape } from "./shape.js";

/**
 * A tensor in ordinary memory, row-major and dense.
 * `data` holds exactly the product of `shape` elements.
 */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: DTypeArrays[D];
}

/**
 * Makes a tensor on `data` (not copied) after checking that dtype, shape and data belong together.
 *
 * @throws InvalidTensorError naming what does not fit.
 */
export function tensor<D extends DType>(options: {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: DTypeArrays[D];
}): Tensor<D> {
  const { dtype, shape, data } = options;
  if (!DTYPES.includes(dtype)) {
    throw new InvalidTensorError(
      `Expected a dtype of ${DTYPES.join(", ")} but found ${describe(dtype)}`,
    );
  }
  const count = elementCount(shape);
  const expected = DTYPE_ARRAYS[dtype].name;
  const found = Object.prototype.toString.call(data).slice(8, -1);
  if (found !== expected) {
    throw new InvalidTensorError(`Expected ${expected} for dtype ${dtype} but found ${found}`);
  }
  if (data.length !== count) {
    throw new InvalidTensorError(
      `Expected ${count} elements for shape ${describe(shape)} but found ${data.length}`,
    );
  }
  return { dtype, shape: [...shape], data };
}
