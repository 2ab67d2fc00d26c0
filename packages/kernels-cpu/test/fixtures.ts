import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Tensor } from "@paroattn/tensor";

/** An f32 tensor of one value. */
export function filled(shape: readonly number[], value: number): Tensor<"f32"> {
  const elements = shape.reduce((product, size) => product * size, 1);
  return { dtype: "f32", shape, data: new Float32Array(elements).fill(value) };
}

export function ids(...values: number[]): Tensor<"i32"> {
  return { dtype: "i32", shape: [values.length], data: Int32Array.from(values) };
}

/** Attention of one head over so many tokens: seconds of work at 65,536. */
export function issueAttention(backend: Backend, tokens: number): DeviceTensor {
  const query = backend.upload(filled([1, tokens, 64], 0.1));
  const operands = backend.prepareAttention({
    query,
    key: query,
    value: query,
    heads: 1,
    headDim: 64,
  });
  return backend.attention({ operands }).output;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("expected a rejection");
}
