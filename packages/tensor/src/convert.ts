import type { DType, DTypeArrays } from "./dtype.js";
import { f16Table, f32BitsToBf16, f32BitsToF16 } from "./half.js";
import type { Shape } from "./shape.js";
import { type Tensor, tensor } from "./tensor.js";

/**
 * The values of a tensor as f32. An f32 tensor's own array is returned, not a copy.
 * f16, bf16, i8 and u8 are exact; i32 beyond ±2^24 is rounded to the nearest f32.
 */
export function toFloat32({ dtype, data }: Tensor): Float32Array {
  if (dtype === "f32") return data as Float32Array;
  if (dtype === "f16" || dtype === "bf16") {
    const values = new Float32Array(data.length);
    const bits = new Uint32Array(values.buffer);
    if (dtype === "f16") {
      const table = f16Table();
      for (let i = 0; i < bits.length; i++) bits[i] = table[data[i]!]!;
    } else {
      for (let i = 0; i < bits.length; i++) bits[i] = data[i]! << 16;
    }
    return values;
  }
  return Float32Array.from(data);
}

/**
 * Rounds f32 values to a floating-point dtype, to the nearest and halves to even; values beyond its range become infinite.
 * For `f32` the data is taken as it is, not copied.
 *
 * @throws InvalidTensorError if the data does not fill the shape.
 */
export function fromFloat32<D extends "f32" | "f16" | "bf16">(options: {
  readonly data: Float32Array;
  readonly shape: Shape;
  readonly dtype: D;
}): Tensor<D> {
  const { data, shape, dtype } = options;
  tensor({ dtype: "f32", shape, data });
  return tensor({ dtype, shape, data: rounded(data, dtype) as DTypeArrays[D] });
}

function rounded(data: Float32Array, dtype: DType): Float32Array | Uint16Array {
  if (dtype === "f32") return data;
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const halves = new Uint16Array(data.length);
  if (dtype === "f16") {
    for (let i = 0; i < halves.length; i++) halves[i] = f32BitsToF16(bits[i]!);
  } else {
    for (let i = 0; i < halves.length; i++) halves[i] = f32BitsToBf16(bits[i]!);
  }
  return halves;
}
