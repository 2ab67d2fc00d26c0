export { type OpenCheckpointOptions, openCheckpoint } from "./checkpoint/open.js";
export { fromFloat32, toFloat32 } from "./convert.js";
export { DTYPE_ARRAYS, DTYPE_BYTES, DTYPES, type DType, type DTypeArrays } from "./dtype.js";
export { InvalidTensorError, SafetensorsError, type SafetensorsErrorOptions } from "./errors.js";
export {
  type WriteFileAtomicallyOptions,
  writeFileAtomically,
} from "./files/write-file-atomically.js";
export {
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
  type SafetensorsHeader,
} from "./safetensors/header.js";
export { openSafetensors, openSafetensorsBytes } from "./safetensors/open.js";
export type { ReadOptions, RowRange, TensorSource } from "./safetensors/source.js";
export type { StoredDType } from "./safetensors/stored-dtype.js";
export type { TensorInfo } from "./safetensors/tensor-info.js";
export {
  encodeSafetensors,
  type StreamedTensor,
  type TensorToWrite,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from "./safetensors/write.js";
export { elementCount, type Shape } from "./shape.js";
export { type Tensor, tensor } from "./tensor.js";
