/**
 * The one description of the native module (native/addon). TypeScript has checked everything that it passes here;
 * the addon checks again and throws, so that a mistake is an error and not a crash.
 */
import type { Activation } from "@paroattn/backend";

declare const viewBrand: unique symbol;
declare const handleBrand: unique symbol;

/** A root backend or a scope of it: where commands go, what cancels them, where they are timed. */
export interface NativeView {
  readonly [viewBrand]: true;
}

/** A tensor, operands or a mask. Its memory is freed with the last command that uses it after the release. */
export interface NativeHandle {
  readonly [handleBrand]: true;
}

/** Instruction sets, as `PAROATTN_CPU_TARGET` names them. */
export type CpuTarget = "scalar" | "avx2" | "avx2-vnni" | "avx512" | "avx512-vnni";

/** What went wrong in the stream. */
export interface NativeFailure {
  readonly operator: string;
  readonly message: string;
  /** The id of the view that was cancelled; 0 where the operator failed by itself. */
  readonly cancelledBy: number;
}

export interface NativeWeight {
  readonly handle: NativeHandle;
  readonly type: "f32" | "f16" | "bf16";
}

/** How attention's numbers lie in memory. */
export type NativeFloat = "f32" | "bf16";

type Optional<T> = T | undefined;

/** Sizes are in elements; tensors are dense and row-major. */
export interface NativeOperators {
  /** residual + gate * activation([rows, inputs] x [outputs, inputs]' + bias); gate is [gates, outputs], a divisor of rows. */
  linear(
    view: NativeView,
    options: {
      input: NativeHandle;
      weight: NativeWeight;
      bias: Optional<NativeWeight>;
      activation: Optional<Activation>;
      gate: Optional<NativeHandle>;
      gates: number;
      residual: Optional<NativeHandle>;
      rows: number;
      inputs: number;
      outputs: number;
    },
  ): NativeHandle;
  /** With `weightsOfRows` the weights and biases have a batch axis in front. `softmaxGroups` of 0: none. */
  feedForward(
    view: NativeView,
    options: {
      input: NativeHandle;
      innerWeight: NativeWeight;
      innerBias: Optional<NativeWeight>;
      outerWeight: NativeWeight;
      outerBias: Optional<NativeWeight>;
      weightsOfRows: boolean;
      activation: Optional<Activation>;
      softmaxGroups: number;
      gate: Optional<NativeHandle>;
      residual: Optional<NativeHandle>;
      batch: number;
      tokens: number;
      inputs: number;
      hidden: number;
      outputs: number;
    },
  ): NativeHandle;
  /** Along height and width. */
  conv2d(view: NativeView, options: NativeConvolution): NativeHandle;
  /** Along frames, height and width. */
  conv3d(view: NativeView, options: NativeConvolution): NativeHandle;
  /** scale and shift are [batch, channels]. */
  layerNorm(
    view: NativeView,
    options: {
      input: NativeHandle;
      weight: Optional<NativeWeight>;
      bias: Optional<NativeWeight>;
      scale: Optional<NativeHandle>;
      shift: Optional<NativeHandle>;
      batch: number;
      tokens: number;
      channels: number;
      epsilon: number;
    },
  ): NativeHandle;
  rmsNorm(
    view: NativeView,
    options: {
      input: NativeHandle;
      weight: Optional<NativeWeight>;
      rows: number;
      channels: number;
      epsilon: number;
    },
  ): NativeHandle;
  /** [batch, channels, positions] */
  groupNorm(
    view: NativeView,
    options: {
      input: NativeHandle;
      weight: Optional<NativeWeight>;
      bias: Optional<NativeWeight>;
      batch: number;
      channels: number;
      groups: number;
      positions: number;
      epsilon: number;
      activation: Optional<Activation>;
    },
  ): NativeHandle;
  activate(
    view: NativeView,
    options: { input: NativeHandle; count: number; activation: Activation },
  ): NativeHandle;
  add(view: NativeView, options: NativeBinaryOptions): NativeHandle;
  multiply(view: NativeView, options: NativeBinaryOptions): NativeHandle;
  addGated(
    view: NativeView,
    options: {
      residual: NativeHandle;
      value: NativeHandle;
      gate: NativeHandle;
      batch: number;
      tokens: number;
      channels: number;
    },
  ): NativeHandle;
  combine(
    view: NativeView,
    options: { inputs: readonly NativeHandle[]; factors: readonly number[]; count: number },
  ): NativeHandle;
  embedding(
    view: NativeView,
    options: {
      table: NativeWeight;
      ids: NativeHandle;
      rows: number;
      channels: number;
      count: number;
    },
  ): NativeHandle;
  permute(
    view: NativeView,
    options: { input: NativeHandle; shape: readonly number[]; axes: readonly number[] },
  ): NativeHandle;
  /** Input i is [outer, inner[i]]. */
  concat(
    view: NativeView,
    options: { inputs: readonly NativeHandle[]; outer: number; inner: readonly number[] },
  ): NativeHandle;
  /** [outer, inner] -> [outer, end - start] */
  slice(
    view: NativeView,
    options: { input: NativeHandle; outer: number; inner: number; start: number; end: number },
  ): NativeHandle;
  /** [planes, height, width] */
  upsampleNearest2d(
    view: NativeView,
    options: {
      input: NativeHandle;
      planes: number;
      height: number;
      width: number;
      factor: number;
    },
  ): NativeHandle;
  /** Gather indices of one axis order, to be used in any number of calls. */
  createOrder(view: NativeView, options: { indices: Uint32Array }): NativeHandle;
  prepareAttention(view: NativeView, options: NativePrepareAttentionOptions): NativeHandle;
  /** `bits` holds the masks of all batch rows, one after the other. */
  prepareMask(
    view: NativeView,
    options: {
      batch: number;
      heads: number;
      queryBlocks: number;
      keyBlocks: number;
      bits: Uint8Array;
    },
  ): NativeHandle;
  attention(
    view: NativeView,
    options: {
      operands: NativeHandle;
      mask: Optional<NativeHandle>;
      bias: Optional<NativeHandle>;
      rowScale: Optional<NativeHandle>;
      residual: Optional<NativeHandle>;
      returnLogSumExp: boolean;
      label: string;
    },
  ): { output: NativeHandle; logSumExp?: NativeHandle };
  blockStatistics(
    view: NativeView,
    options: { operands: NativeHandle; logSumExp: NativeHandle; epsilon: number },
  ): { sum: NativeHandle; maximum: NativeHandle; smallCount: NativeHandle };
}

/** `sizes`, `kernel` and `outputSizes` have an entry for each axis that the kernel moves along. */
export interface NativeConvolution {
  input: NativeHandle;
  weight: NativeWeight;
  bias: Optional<NativeWeight>;
  batch: number;
  inputs: number;
  outputs: number;
  sizes: readonly number[];
  kernel: readonly number[];
  outputSizes: readonly number[];
  stride: number;
  /** Zeros before and after the input, for each axis. */
  padding: readonly number[];
}

export interface NativePrepareAttentionOptions {
  query: NativeHandle;
  key: NativeHandle;
  value: NativeHandle;
  /** Of these three, and of attention's residual and output. */
  type: NativeFloat;
  batch: number;
  queryTokens: number;
  keyTokens: number;
  heads: number;
  keyValueHeads: number;
  headDim: number;
  scale: number;
  /** First token of each block, then the token count. */
  queryStarts: Uint32Array;
  keyStarts: Uint32Array;
  /** Distinct orders; undefined is the sequence order. With `orderChoice`, [heads] indices into them. */
  orders: Optional<readonly Optional<NativeHandle>[]>;
  orderChoice: Optional<Uint32Array>;
  norm: Optional<"rms" | "layer">;
  epsilon: Optional<number>;
  queryWeight: Optional<NativeHandle>;
  keyWeight: Optional<NativeHandle>;
  queryBias: Optional<NativeHandle>;
  keyBias: Optional<NativeHandle>;
  pairing: Optional<"interleaved" | "half">;
  cos: Optional<NativeHandle>;
  sin: Optional<NativeHandle>;
  keyLengths: Optional<Uint32Array>;
  /** What the products take where they take no codes; f32 beside codes. */
  queryKeyType: NativeFloat;
  valueType: NativeFloat;
  /** Bits of the codes, 8 or 4; 0: none. */
  queryKeyBits: number;
  valueBits: number;
  /** Looked at with `queryKeyBits`. */
  smoothKeys: boolean;
  /** The next three are looked at with `valueBits`. */
  rank1Values: boolean;
  probabilityGroup: Optional<"tile" | "tileRow" | "row">;
  largestProbabilityCode: Optional<number>;
  /** The name in timings. */
  label: string;
}

/** The shapes of all three have the same rank; a size of 1 is broadcast. */
export interface NativeBinaryOptions {
  a: NativeHandle;
  b: NativeHandle;
  shape: readonly number[];
  aShape: readonly number[];
  bShape: readonly number[];
}

export interface NativeModule extends NativeOperators {
  /** Caps the instruction sets of all kernels of the process; false where the machine lacks the target. Before the first command. */
  limitTarget(target: CpuTarget): boolean;
  currentTarget(): CpuTarget;
  /** What the machine can run, from the least able to the most. */
  machineTargets(): readonly CpuTarget[];
  createRoot(threads: number): NativeView;
  /** Without a cancellation of its own the child shares its parent's. */
  createChild(parent: NativeView, cancellable: boolean, timed: boolean): NativeView;
  cancel(view: NativeView): void;
  cancellationId(view: NativeView): number;
  /** Runs what is queued, then ends the stream. Returns at once. */
  close(view: NativeView): void;
  /** Copies at once. */
  upload(view: NativeView, bytes: Uint8Array): NativeHandle;
  /** Fills `target` off the JavaScript thread. Never rejects. */
  read(view: NativeView, handle: NativeHandle, target: ArrayBuffer): Promise<NativeFailure | null>;
  /** Waits for the commands so far; with `takeFailure` resolves to the view's first failure and forgets it. Never rejects. */
  flush(view: NativeView, takeFailure: boolean): Promise<NativeFailure | null>;
  timings(view: NativeView): Record<string, { calls: number; milliseconds: number }>;
  /** Bytes that the root's tensors hold, with what is kept for reuse. */
  memory(view: NativeView): number;
  /** A second owner of the same tensor. */
  share(handle: NativeHandle): NativeHandle;
  release(handle: NativeHandle): void;
}
