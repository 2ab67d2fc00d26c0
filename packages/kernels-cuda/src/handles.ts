import { type DeviceTensor, ScopeState } from "@paroattn/backend";
import type { DType, Shape } from "@paroattn/tensor";
import type { NativeHandle } from "./native.js";
import type { Root } from "./root.js";

/** What a command makes. Its memory is freed in stream order, on `dispose` or when the garbage collector finds it. */
export abstract class CudaHandle implements Disposable {
  readonly root: Root;
  readonly native: NativeHandle;
  #disposed = false;

  constructor(root: Root, native: NativeHandle) {
    this.root = root;
    this.native = native;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    ScopeState.release(this);
    this.root.native.release(this.native);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export class CudaTensor extends CudaHandle implements DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;

  constructor(
    root: Root,
    native: NativeHandle,
    like: { readonly dtype: DType; readonly shape: Shape },
  ) {
    super(root, native);
    this.dtype = like.dtype;
    this.shape = Object.freeze([...like.shape]);
  }
}
