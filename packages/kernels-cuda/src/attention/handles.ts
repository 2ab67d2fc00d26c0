import type {
  AttentionOperands,
  DeviceMask,
  FloatDType,
  ResolvedMask,
  ResolvedPrepareAttention,
} from "@paroattn/backend";
import { CudaHandle } from "../handles.js";
import type { NativeHandle } from "../native.js";
import type { Root } from "../root.js";

export class CudaOperands extends CudaHandle implements AttentionOperands {
  readonly resolved: ResolvedPrepareAttention;

  constructor(root: Root, native: NativeHandle, resolved: ResolvedPrepareAttention) {
    super(root, native);
    this.resolved = resolved;
  }

  get batch(): number {
    return this.resolved.batch;
  }

  get heads(): number {
    return this.resolved.heads;
  }

  get headDim(): number {
    return this.resolved.headDim;
  }

  get dtype(): FloatDType {
    return this.resolved.dtype;
  }

  get queryTokens(): number {
    return this.resolved.queryTokens;
  }

  get keyTokens(): number {
    return this.resolved.keyTokens;
  }

  get queryBlocks(): number {
    return this.resolved.queryBlocks;
  }

  get keyBlocks(): number {
    return this.resolved.keyBlocks;
  }
}

export class CudaMask extends CudaHandle implements DeviceMask {
  /** Kept for the checks at the call of `attention`. */
  readonly resolved: ResolvedMask;

  constructor(root: Root, native: NativeHandle, resolved: ResolvedMask) {
    super(root, native);
    this.resolved = resolved;
  }

  get batch(): number {
    return this.resolved.batch;
  }

  get heads(): number {
    return this.resolved.heads;
  }

  get queryBlocks(): number {
    return this.resolved.queryBlocks;
  }

  get keyBlocks(): number {
    return this.resolved.keyBlocks;
  }
}
