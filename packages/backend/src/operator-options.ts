import type { DeviceTensor } from "./device-tensor.js";

/** `gelu` is exact (erf), `geluTanh` its tanh approximation ("gelu_new", "gelu-approximate"). */
export type Activation = "silu" | "gelu" | "geluTanh" | "relu";

export interface LinearOptions {
  /** [..., inputs], f32. */
  readonly input: DeviceTensor;
  /** [outputs, inputs], as PyTorch keeps it; f32, f16 or bf16. */
  readonly weight: DeviceTensor;
  /** [outputs]; none by default. */
  readonly bias?: DeviceTensor;
  /** Applied to the product with its bias; none by default. */
  readonly activation?: Activation;
  /** [batch, outputs] for an input [batch, tokens, inputs], f32: multiplies what the activation gives. Default: ones. */
  readonly gate?: DeviceTensor;
  /** Of the result's shape, f32: added last. Default: zeros. */
  readonly residual?: DeviceTensor;
}

/** A linear layer of `feedForward`, the same for all of the batch or one for each batch row. */
export interface FeedForwardLayer {
  /** [outputs, inputs] or [batch, outputs, inputs]; f32, f16 or bf16. */
  readonly weight: DeviceTensor;
  /** [outputs] or [batch, outputs], as the weight; none by default. */
  readonly bias?: DeviceTensor;
}

export interface FeedForwardOptions {
  /** [batch, tokens, inputs], f32. */
  readonly input: DeviceTensor;
  readonly inner: FeedForwardLayer;
  /**
   * Between the layers: of each number, or one softmax over each of so many equal parts of the hidden channels. A bias of
   * -infinity leaves a channel out of its softmax.
   */
  readonly activation: Activation | { readonly softmaxGroups: number };
  /** Of one kind with `inner`: for all of the batch, or for each batch row. */
  readonly outer: FeedForwardLayer;
  /** [batch, outputs], f32: multiplies what the outer layer gives. Default: ones. */
  readonly gate?: DeviceTensor;
  /** [batch, tokens, outputs], f32: added last. Default: zeros. */
  readonly residual?: DeviceTensor;
}

export interface Conv2dOptions {
  /** [batch, inputs, height, width], f32. */
  readonly input: DeviceTensor;
  /** [outputs, inputs, kernelHeight, kernelWidth]. */
  readonly weight: DeviceTensor;
  /** [outputs]; none by default. */
  readonly bias?: DeviceTensor;
  /** Default: 1. */
  readonly stride?: number;
  /** Zeros on each side, [top, bottom, left, right]. Default: none. */
  readonly padding?: readonly [number, number, number, number];
}

export interface Conv3dOptions {
  /** [batch, inputs, frames, height, width], f32. */
  readonly input: DeviceTensor;
  /** [outputs, inputs, kernelFrames, kernelHeight, kernelWidth]. */
  readonly weight: DeviceTensor;
  /** [outputs]; none by default. */
  readonly bias?: DeviceTensor;
  /** Zeros on each side, [first, last, top, bottom, left, right]. Default: none. */
  readonly padding?: readonly [number, number, number, number, number, number];
}

export interface LayerNormOptions {
  /** [batch, tokens, channels] (or [..., channels] without scale and shift). */
  readonly input: DeviceTensor;
  /** [channels]; none by default. */
  readonly weight?: DeviceTensor;
  /** [channels]; none by default. */
  readonly bias?: DeviceTensor;
  /** [batch, channels] of input's dtype; given together with `shift`. */
  readonly scale?: DeviceTensor;
  /** [batch, channels] of input's dtype. */
  readonly shift?: DeviceTensor;
  readonly epsilon: number;
}

export interface RmsNormOptions {
  /** [..., channels]. */
  readonly input: DeviceTensor;
  /** [channels]; none by default. */
  readonly weight?: DeviceTensor;
  readonly epsilon: number;
}

export interface GroupNormOptions {
  /** [batch, channels, ...]. */
  readonly input: DeviceTensor;
  /** A divisor of the channels. */
  readonly groups: number;
  /** [channels]; none by default. */
  readonly weight?: DeviceTensor;
  /** [channels]; none by default. */
  readonly bias?: DeviceTensor;
  readonly epsilon: number;
  /** Applied after the norm; none by default. */
  readonly activation?: Activation;
}

export interface ActivateOptions {
  readonly input: DeviceTensor;
  readonly activation: Activation;
}

export interface BinaryOptions {
  readonly a: DeviceTensor;
  readonly b: DeviceTensor;
}

export interface AddGatedOptions {
  /** [batch, tokens, channels]. */
  readonly residual: DeviceTensor;
  /** [batch, tokens, channels]. */
  readonly value: DeviceTensor;
  /** [batch, channels]. */
  readonly gate: DeviceTensor;
}

export interface CombineOptions {
  /** At least one; all of one shape. */
  readonly terms: readonly { readonly tensor: DeviceTensor; readonly factor: number }[];
}

export interface EmbeddingOptions {
  /** [rows, channels]. */
  readonly table: DeviceTensor;
  /** i32, any shape; an id outside the table fails when the operator runs. */
  readonly ids: DeviceTensor;
}

export interface PermuteOptions {
  readonly input: DeviceTensor;
  /** axes[i] is the input axis that becomes output axis i. */
  readonly axes: readonly number[];
}

export interface ReshapeOptions {
  readonly input: DeviceTensor;
  readonly shape: readonly number[];
}

export interface ConcatOptions {
  /** At least one; equal shapes but for `axis`. */
  readonly inputs: readonly DeviceTensor[];
  readonly axis: number;
}

export interface SliceOptions {
  readonly input: DeviceTensor;
  readonly axis: number;
  /** First index kept. */
  readonly start: number;
  /** One past the last index kept. */
  readonly end: number;
}

export interface UpsampleNearest2dOptions {
  /** [batch, channels, height, width]. */
  readonly input: DeviceTensor;
  /** A whole number, at least 1. */
  readonly factor: number;
}
