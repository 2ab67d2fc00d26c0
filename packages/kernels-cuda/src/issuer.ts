import {
  type DeviceTensor,
  type FloatDType,
  InvalidArgumentError,
  type ScopeState,
  TensorDisposedError,
} from "@paroattn/backend";
import type { DType, Shape } from "@paroattn/tensor";
import { type CudaHandle, CudaTensor } from "./handles.js";
import type { NativeHandle, NativeModule, NativeTensor, NativeView } from "./native.js";
import type { Root } from "./root.js";

type HandleClass<H> = abstract new (...parameters: never[]) => H;

/** How the operators of one view reach the stream: they unwrap the handles they are given and own what they make. */
export class Issuer {
  readonly root: Root;
  readonly view: NativeView;
  readonly scope: ScopeState;

  constructor(options: { root: Root; view: NativeView; scope: ScopeState }) {
    this.root = options.root;
    this.view = options.view;
    this.scope = options.scope;
  }

  get native(): NativeModule {
    return this.root.native;
  }

  /** Throws once the scope is disposed of, or the device is broken. */
  assertUsable(operator: string): void {
    this.scope.assertAlive(operator);
    this.root.assertUsable();
  }

  /** Refuses a handle of another backend and one that was disposed of. */
  claim<H extends CudaHandle>(
    type: HandleClass<H>,
    handle: object,
    where: { readonly operator: string; readonly argument: string },
  ): H {
    if (!(handle instanceof type) || handle.root !== this.root) {
      const expected = "to be made by this backend";
      throw new InvalidArgumentError({ ...where, expected, found: "a foreign one" });
    }
    if (handle.disposed) throw new TensorDisposedError(where);
    return handle;
  }

  /** The arguments of one operator. */
  arguments(operator: string): OperatorArguments {
    this.assertUsable(operator);
    return new OperatorArguments(this, operator);
  }

  /** A new tensor of this view. */
  tensor(shape: Shape, dtype: DType, native: NativeHandle): CudaTensor {
    return this.scope.own(new CudaTensor(this.root, native, { dtype, shape }));
  }
}

/** Unwraps the tensors of one operator, naming them in its errors. */
export class OperatorArguments {
  readonly #issuer: Issuer;
  readonly #operator: string;

  constructor(issuer: Issuer, operator: string) {
    this.#issuer = issuer;
    this.#operator = operator;
  }

  handle(argument: string, tensor: DeviceTensor): NativeHandle {
    const where = { operator: this.#operator, argument };
    return this.#issuer.claim(CudaTensor, tensor, where).native;
  }

  /** Activations and weights; their types have been checked. */
  tensor(argument: string, tensor: DeviceTensor): NativeTensor {
    return { handle: this.handle(argument, tensor), type: tensor.dtype as FloatDType };
  }

  optional(argument: string, tensor: DeviceTensor | undefined): NativeTensor | undefined {
    return tensor && this.tensor(argument, tensor);
  }
}
