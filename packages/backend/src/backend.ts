import type { BlockMaskData } from "@paroattn/sparse-masks";
import type { Tensor } from "@paroattn/tensor";
import type {
  Arithmetic,
  AttentionOperands,
  AttentionOptions,
  AttentionPrecision,
  AttentionResult,
  BlockStatistics,
  BlockStatisticsOptions,
  DeviceMask,
  PrepareAttentionOptions,
} from "./attention-types.js";
import type { DeviceTensor } from "./device-tensor.js";
import type {
  ActivateOptions,
  AddGatedOptions,
  BinaryOptions,
  CombineOptions,
  ConcatOptions,
  Conv2dOptions,
  Conv3dOptions,
  EmbeddingOptions,
  FeedForwardOptions,
  GroupNormOptions,
  LayerNormOptions,
  LinearOptions,
  PermuteOptions,
  ReshapeOptions,
  RmsNormOptions,
  SliceOptions,
  UpsampleNearest2dOptions,
} from "./operator-options.js";

/** What one operator cost in a timed scope. */
export interface OperatorTiming {
  readonly calls: number;
  /** Wall time in the command stream, in milliseconds. */
  readonly milliseconds: number;
}

export interface ScopeOptions {
  /**
   * Stops the scope's commands (and those of the scopes inside), long kernels included. What they would have made,
   * and what is made from that elsewhere, fails with the signal's reason: an `AbortError` unless the caller gave another.
   * Results that were finished before stay.
   */
  readonly signal?: AbortSignal;
  /** Records operator timings, read with `timings()`. Default: false. Nested scopes record into the nearest timed one. */
  readonly timed?: boolean;
}

/**
 * Operators of a diffusion transformer. Arguments are checked at the call (`InvalidArgumentError`, naming the operator,
 * the argument, what was expected and what was found); the work is done later, in call order, off the JavaScript thread.
 * What goes wrong there surfaces at the next `read()` or `flush()` that depends on it, as an `OperatorError` with the operator's name.
 *
 * Activations are f32, f16 or bf16, all of one call alike; the result has their dtype and is rounded to it once, from
 * arithmetic in f32 or better. `linear`, `feedForward`, `conv2d` and `conv3d` take f32 only, and `embedding` gives f32.
 * Weights (linear, feedForward, convolutions, embedding, norms) may be f32, f16 or bf16 whatever the activations are and
 * stay in memory as they are.
 */
export interface Operators {
  /** residual + gate * activation(x Wᵀ + b), over the last axis of x. */
  linear(options: LinearOptions): DeviceTensor;
  /** residual + gate * (activation(x W₁ᵀ + b₁) W₂ᵀ + b₂): two linear layers whose hidden channels need never be in memory. */
  feedForward(options: FeedForwardOptions): DeviceTensor;
  /** 2D convolution over [batch, channels, height, width]. */
  conv2d(options: Conv2dOptions): DeviceTensor;
  /** 3D convolution over [batch, channels, frames, height, width], with stride 1. */
  conv3d(options: Conv3dOptions): DeviceTensor;
  /** Layer norm over the last axis, then optional weight and bias, then optional `(1 + scale) * x + shift` (adaptive layer norm). */
  layerNorm(options: LayerNormOptions): DeviceTensor;
  /** x / sqrt(mean(x²) + epsilon) * weight over the last axis. */
  rmsNorm(options: RmsNormOptions): DeviceTensor;
  /** Group norm over [batch, channels, ...], then an optional activation. */
  groupNorm(options: GroupNormOptions): DeviceTensor;
  activate(options: ActivateOptions): DeviceTensor;
  /** a + b with NumPy broadcasting. */
  add(options: BinaryOptions): DeviceTensor;
  /** a * b with NumPy broadcasting. */
  multiply(options: BinaryOptions): DeviceTensor;
  /** residual + gate * value; gate is broadcast over the tokens. */
  addGated(options: AddGatedOptions): DeviceTensor;
  /** Sum of factor * tensor over tensors of one shape (guidance, schedulers). */
  combine(options: CombineOptions): DeviceTensor;
  /** Rows of a table by i32 ids. */
  embedding(options: EmbeddingOptions): DeviceTensor;
  permute(options: PermuteOptions): DeviceTensor;
  /** The same elements under another shape; a new handle on the same memory. One size may be -1. */
  reshape(options: ReshapeOptions): DeviceTensor;
  concat(options: ConcatOptions): DeviceTensor;
  slice(options: SliceOptions): DeviceTensor;
  /** Nearest-neighbour enlargement of [batch, channels, height, width] by a whole factor. */
  upsampleNearest2d(options: UpsampleNearest2dOptions): DeviceTensor;
  /** The fused front of attention: norm, rotary embedding, reorder, packing. */
  prepareAttention(options: PrepareAttentionOptions): AttentionOperands;
  attention(options: AttentionOptions): AttentionResult;
  /** Takes one mask (shared by all batch rows) or one per batch row to the device. A query block with no live key block is refused. */
  prepareMask(mask: BlockMaskData | readonly BlockMaskData[]): DeviceMask;
  /** Streams the softmax map tile by tile; memory is O(tokens + blocks²). */
  blockStatistics(options: BlockStatisticsOptions): BlockStatistics;
}

export interface Backend extends Operators {
  /** Short name, such as "reference" or "cpu". */
  readonly name: string;
  /** One line for people, such as "cpu (AVX-512, 2 threads)". */
  readonly description: string;
  /**
   * How attention in a precision is executed here; what depends on sizes may still be refused at the call. Throws what
   * `prepareAttention` throws for it: an `UnsupportedError`, or an `InvalidArgumentError` for choices that do not go together.
   */
  arithmetic(precision: AttentionPrecision): Arithmetic;
  /** Copies a host tensor; the caller may change it afterwards. */
  upload(tensor: Tensor): DeviceTensor;
  /** Waits for the tensor and copies it to the host. Rejects with what went wrong in the commands it depends on. */
  read(tensor: DeviceTensor): Promise<Tensor>;
  /**
   * Waits until all commands issued so far through this view have run; rejects with the first failure among them since
   * the last flush, whether or not a `read()` has told it already. A scope's commands are not its parent's.
   */
  flush(): Promise<void>;
  /** A view of this backend whose tensors are freed together and whose commands can be stopped together. */
  scope(options?: ScopeOptions): BackendScope;
  /** Frees everything. Only the root may be disposed of so; a scope's `dispose` frees the scope. */
  dispose(): void;
}

/** Everything made through the scope (tensors, operands, masks) is freed by `dispose()`, unless kept. */
export interface BackendScope extends Backend {
  /**
   * Hands a tensor (or operands, or a mask) to the enclosing scope, or to the caller where there is none. Returns it.
   * What another scope owns stays where it is.
   */
  keep<T extends Disposable>(resource: T): T;
  /** Timings since the scope began, by operator; attention and prepareAttention with a label are listed as "attention/label". Needs `timed`. */
  timings(): Promise<Readonly<Record<string, OperatorTiming>>>;
  [Symbol.dispose](): void;
}
