/**
 * The one description of the native module (native/addon). TypeScript has checked everything that it passes here;
 * the addon checks again and throws, so that a mistake is an error and not a crash.
 */
import type { Activation, FloatDType } from "@paroattn/backend";

declare const viewBrand: unique symbol;
declare const handleBrand: unique symbol;

/** A root backend or a scope of it: where commands go, what cancels them, where they are timed. */
export interface NativeView {
  readonly [viewBrand]: true;
}

/** A tensor, operands, a mask or a table. Its memory is free for later commands once it is released. */
export interface NativeHandle {
  readonly [handleBrand]: true;
}

/** What went wrong in the stream. */
export interface NativeFailure {
  readonly operator: string;
  readonly message: string;
  /** The id of the view that was cancelled; 0 where the operator failed by itself. */
  readonly cancelledBy: number;
}

/** Bytes on the device. */
export interface MemoryReport {
  /** Held by tensors, operands, masks and tables. */
  readonly inUse: number;
  /** Free, and kept for results to come. */
  readonly kept: number;
  /** The most that both together have been. */
  readonly peak: number;
}

export interface NativeTensor {
  readonly handle: NativeHandle;
  readonly type: FloatDType;
}

type Optional<T> = T | undefined;

/** Sizes are in elements; tensors are dense and row-major. Results have the type of the first input, unless said otherwise. */
export interface NativeOperators {
  /** scale and shift are [batch, channels] of the input's type. */
  layerNorm(
    view: NativeView,
    options: {
      input: NativeTensor;
      weight: Optional<NativeTensor>;
      bias: Optional<NativeTensor>;
      scale: Optional<NativeTensor>;
      shift: Optional<NativeTensor>;
      batch: number;
      tokens: number;
      channels: number;
      epsilon: number;
    },
  ): NativeHandle;
  rmsNorm(
    view: NativeView,
    options: {
      input: NativeTensor;
      weight: Optional<NativeTensor>;
      rows: number;
      channels: number;
      epsilon: number;
    },
  ): NativeHandle;
  activate(
    view: NativeView,
    options: { input: NativeTensor; count: number; activation: Activation },
  ): NativeHandle;
  add(view: NativeView, options: NativeBinaryOptions): NativeHandle;
  multiply(view: NativeView, options: NativeBinaryOptions): NativeHandle;
  addGated(
    view: NativeView,
    options: {
      residual: NativeTensor;
      value: NativeTensor;
      gate: NativeTensor;
      batch: number;
      tokens: number;
      channels: number;
    },
  ): NativeHandle;
  combine(
    view: NativeView,
    options: { inputs: readonly NativeTensor[]; factors: readonly number[]; count: number },
  ): NativeHandle;
  permute(
    view: NativeView,
    options: { input: NativeTensor; shape: readonly number[]; axes: readonly number[] },
  ): NativeHandle;
  /** Input i is [outer, inner[i]]. */
  concat(
    view: NativeView,
    options: { inputs: readonly NativeTensor[]; outer: number; inner: readonly number[] },
  ): NativeHandle;
  /** [outer, inner] -> [outer, end - start] */
  slice(
    view: NativeView,
    options: { input: NativeTensor; outer: number; inner: number; start: number; end: number },
  ): NativeHandle;
  /** Row tables of one partition in some orders; an empty order is the sequence's. For any number of calls. */
  createRowTable(
    view: NativeView,
    options: { starts: Uint32Array; orders: readonly Uint32Array[] },
  ): NativeHandle;
  /** [heads], which order of a row table each head takes. */
  createOrderChoice(view: NativeView, options: { choice: Uint32Array }): NativeHandle;
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
      /** f32 */
      rowScale: Optional<NativeTensor>;
      residual: Optional<NativeTensor>;
      returnLogSumExp: boolean;
      label: string;
    },
  ): { output: NativeHandle; logSumExp?: NativeHandle };
  blockStatistics(
    view: NativeView,
    options: { operands: NativeHandle; logSumExp: NativeTensor; epsilon: number },
  ): { sum: NativeHandle; maximum: NativeHandle; smallCount: NativeHandle };
}

export interface NativePrepareAttentionOptions {
  query: NativeTensor;
  key: NativeTensor;
  value: NativeTensor;
  /** Of the packed operands. */
  precision: "f16" | "bf16";
  batch: number;
  queryTokens: number;
  keyTokens: number;
  heads: number;
  keyValueHeads: number;
  headDim: number;
  scale: number;
  queryRows: NativeHandle;
  keyRows: NativeHandle;
  /** Undefined: the tables' first order for every head. */
  orderChoice: Optional<NativeHandle>;
  norm: Optional<"rms" | "layer">;
  epsilon: Optional<number>;
  queryWeight: Optional<NativeTensor>;
  keyWeight: Optional<NativeTensor>;
  queryBias: Optional<NativeTensor>;
  keyBias: Optional<NativeTensor>;
  pairing: Optional<"interleaved" | "half">;
  cos: Optional<NativeTensor>;
  sin: Optional<NativeTensor>;
  keyLengths: Optional<Uint32Array>;
  /** The name in timings. */
  label: string;
}

/** The shapes of all three have the same rank; a size of 1 is broadcast. */
export interface NativeBinaryOptions {
  a: NativeTensor;
  b: NativeTensor;
  shape: readonly number[];
  aShape: readonly number[];
  bShape: readonly number[];
}

export interface NativeModule extends NativeOperators {
  /** `memoryLimit` in bytes, 0 for none. Throws one sentence where the device cannot be had. */
  createRoot(device: number, memoryLimit: number): NativeView;
  /** Without a cancellation of its own the child shares its parent's. */
  createChild(parent: NativeView, cancellable: boolean, timed: boolean): NativeView;
  describe(view: NativeView): {
    name: string;
    /** Compute capability. */
    major: number;
    minor: number;
    /** Bytes. */
    memory: number;
  };
  /** Why the device refuses everything from now on. */
  broken(view: NativeView): NativeFailure | null;
  cancel(view: NativeView): void;
  cancellationId(view: NativeView): number;
  /** Lets run what is enqueued, then gives the memory back. Returns at once. */
  close(view: NativeView): void;
  /** Copies at once. */
  upload(view: NativeView, bytes: Uint8Array): NativeHandle;
  /** Fills `target` off the JavaScript thread. Never rejects. */
  read(view: NativeView, handle: NativeHandle, target: ArrayBuffer): Promise<NativeFailure | null>;
  /** Waits for the commands so far; with `takeFailure` resolves to the view's first failure and forgets it. Never rejects. */
  flush(view: NativeView, takeFailure: boolean): Promise<NativeFailure | null>;
  timings(view: NativeView): Record<string, { calls: number; milliseconds: number }>;
  memory(view: NativeView): MemoryReport;
  /** A second owner of the same tensor. */
  share(handle: NativeHandle): NativeHandle;
  /** Whether it is known by now that what the handle stands for could not be made. */
  failed(handle: NativeHandle): boolean;
  release(handle: NativeHandle): void;
}
