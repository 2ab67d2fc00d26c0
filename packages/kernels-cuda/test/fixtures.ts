import type { AttentionPrecision, Backend, DeviceTensor } from "@paroattn/backend";
import type { Tensor } from "@paroattn/tensor";

export const BF16: AttentionPrecision = { qk: "bf16", pv: "bf16" };

/** An f32 tensor of one value. */
export function filled(shape: readonly number[], value: number): Tensor<"f32"> {
  const elements = shape.reduce((product, size) => product * size, 1);
  return { dtype: "f32", shape, data: new Float32Array(elements).fill(value) };
}

/** Heads that the emulator does not get through in less than seconds, each of little work, so that it can stop between them. */
export const MANY_HEADS = 32;

/** Attention in bf16 over so many tokens. */
export function issueAttention(backend: Backend, tokens: number, heads = 1): DeviceTensor {
  const query = backend.upload(filled([1, tokens, heads * 64], 0.1));
  const operands = backend.prepareAttention({
    query,
    key: query,
    value: query,
    heads,
    headDim: 64,
    precision: BF16,
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

/** What an action throws. */
export function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}
