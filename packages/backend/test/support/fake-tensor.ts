import type { DType } from "@paroattn/tensor";
import type { DeviceTensor } from "../../src/index.js";

/** A handle with a dtype and a shape and nothing behind it: all that the argument checks look at. */
export function fakeTensor(shape: readonly number[], dtype: DType = "f32"): DeviceTensor {
  return { dtype, shape, dispose() {}, [Symbol.dispose]() {} };
}
