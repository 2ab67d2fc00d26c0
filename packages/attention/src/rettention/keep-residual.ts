import type { Backend, DeviceTensor } from "@paroattn/backend";
import { dequantize, quantizeBlocks } from "@paroattn/quant";
import { fromFloat32, type Tensor, toFloat32 } from "@paroattn/tensor";
import { type KeptTensor, keepTensor } from "../run/kept-tensor.js";

/**
 * How residuals are kept. `f32`: on the device, as they were made. `bf16`, `int8`: in the host's memory, rounded, or as codes with a scale
 * a token and head; a half and about a quarter of the bytes, and they cross to the device at every sparse step.
 */
export type ResidualPrecision = "f32" | "bf16" | "int8";

/** Keeps a residual, [batch, tokens, heads * headDim], beyond its layer's scope. */
export async function keepResidual(options: {
  readonly residual: DeviceTensor;
  readonly headDim: number;
  readonly precision: ResidualPrecision;
  /** Owns what stays on the device. */
  readonly backend: Backend;
}): Promise<KeptTensor> {
  const { residual, precision, headDim, backend } = options;
  if (precision === "f32") return keepTensor(backend, residual);
  const { shape, dtype } = residual;
  const host = await backend.read(residual);
  const keep = (bytes: number, values: () => Float32Array): KeptTensor => ({
    bytes,
    view: (backend) =>
      backend.upload(
        fromFloat32({ data: values(), shape, dtype: dtype as "f32" | "f16" | "bf16" }),
      ),
    [Symbol.dispose]() {},
  });
  if (precision === "bf16") {
    const rounded: Tensor = fromFloat32({ data: toFloat32(host), shape, dtype: "bf16" });
    return keep(rounded.data.byteLength, () => toFloat32(rounded));
  }
  const quantized = quantizeBlocks({ data: toFloat32(host), rowLength: headDim, blocks: 1 });
  const { codes, scales, starts } = quantized;
  const bytes = codes.byteLength + scales.byteLength + starts.byteLength;
  return keep(bytes, () => dequantize(quantized));
}
