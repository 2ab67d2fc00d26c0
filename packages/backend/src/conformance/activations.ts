import { fromFloat32, type Tensor, toFloat32 } from "@paroattn/tensor";
import type { Backend } from "../backend.js";
import type { DeviceTensor, FloatDType } from "../device-tensor.js";

/** The nearest numbers that a dtype has, as f32: what a backend is given, whatever the dtype it is given in. */
export function representable(tensor: Tensor<"f32">, dtype: FloatDType): Tensor<"f32"> {
  const { data, shape } = tensor;
  return { dtype: "f32", shape, data: toFloat32(fromFloat32({ data, shape, dtype })) };
}

/** Uploads f32 numbers in a dtype. */
export function uploadAs(backend: Backend, tensor: Tensor<"f32">, dtype: FloatDType): DeviceTensor {
  return backend.upload(fromFloat32({ data: tensor.data, shape: tensor.shape, dtype }));
}
