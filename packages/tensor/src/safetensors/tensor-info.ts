import type { StoredDType } from "./stored-dtype.js";

/** Where a tensor lies in its file. */
export interface TensorInfo {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}
