import type { DType, Shape, Tensor } from "@paroattn/tensor";
import type { AttentionOperands, DeviceMask } from "../attention-types.js";
import type { DeviceTensor, FloatDType } from "../device-tensor.js";
import type { ResolvedMask } from "../operators/mask.js";
import type { ResolvedPrepareAttention } from "../operators/prepare-attention.js";
import { ScopeState } from "../scope/scope-state.js";
import type { PreparedAttention } from "./prepare-attention.js";
import type { CommandStream } from "./stream.js";

/** What a command left behind: a value, what went wrong, or nothing any more. */
export type Outcome<Value> =
  | { readonly state: "pending" }
  | { readonly state: "value"; readonly value: Value }
  | { readonly state: "failure"; readonly error: unknown };

/** A handle whose outcome is known once the command that makes it has run. */
export abstract class Handle<Value> {
  readonly stream: CommandStream;
  outcome: Outcome<Value> = { state: "pending" };
  disposed = false;

  constructor(stream: CommandStream) {
    this.stream = stream;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    ScopeState.release(this);
    // In stream order: commands issued before still see the value.
    void this.stream.enqueue(() => {
      this.outcome = { state: "pending" };
    });
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export class ReferenceTensor extends Handle<Tensor> implements DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;

  constructor(stream: CommandStream, like: { readonly dtype: DType; readonly shape: Shape }) {
    super(stream);
    this.dtype = like.dtype;
    this.shape = [...like.shape];
  }
}

export class ReferenceOperands extends Handle<PreparedAttention> implements AttentionOperands {
  readonly batch: number;
  readonly heads: number;
  readonly headDim: number;
  readonly dtype: FloatDType;
  readonly queryTokens: number;
  readonly keyTokens: number;
  readonly queryBlocks: number;
  readonly keyBlocks: number;
  readonly resolved: ResolvedPrepareAttention;

  constructor(stream: CommandStream, resolved: ResolvedPrepareAttention) {
    super(stream);
    this.resolved = resolved;
    this.batch = resolved.batch;
    this.heads = resolved.heads;
    this.headDim = resolved.headDim;
    this.dtype = resolved.dtype;
    this.queryTokens = resolved.queryTokens;
    this.keyTokens = resolved.keyTokens;
    this.queryBlocks = resolved.queryBlocks;
    this.keyBlocks = resolved.keyBlocks;
  }
}

export class ReferenceMask extends Handle<ResolvedMask> implements DeviceMask {
  readonly batch: number;
  readonly heads: number;
  readonly queryBlocks: number;
  readonly keyBlocks: number;
  /** Kept for the checks at the call of `attention`. */
  readonly resolved: ResolvedMask;

  constructor(stream: CommandStream, resolved: ResolvedMask) {
    super(stream);
    this.resolved = resolved;
    this.batch = resolved.batch;
    this.heads = resolved.heads;
    this.queryBlocks = resolved.queryBlocks;
    this.keyBlocks = resolved.keyBlocks;
    this.outcome = { state: "value", value: resolved };
  }
}
