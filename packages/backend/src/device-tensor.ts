import type { DType, Shape } from "@paroattn/tensor";

/** dtypes of activations and weights. */
export type FloatDType = "f32" | "f16" | "bf16";

/**
 * A handle to a tensor that a backend owns. Operators return handles at once; the memory is
 * allocated when the operator runs in the backend's command stream.
 */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Frees the memory, in stream order: commands issued before still see it. Calling it twice is harmless. */
  dispose(): void;
  [Symbol.dispose](): void;
}
