export { DTYPE_BYTES, DTYPES, type DType, type DTypeArrays } from "./dtype.js";
export type { Shape, Tensor } from "./tensor.js";
