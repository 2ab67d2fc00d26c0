import {
  type DeviceTensor,
  InvalidArgumentError,
  type ScopeState,
  TensorDisposedError,
  UnsupportedError,
} from "@paroattn/backend";
import type { DType, Shape } from "@paroattn/tensor";
import { type CpuHandle, CpuTensor } from "./handles.js";
import type { NativeHandle, NativeModule, NativeView, NativeWeight } from "./native.js";
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

  /** Refuses a handle of another backend and one that was disposed of. */
  claim<H extends CpuHandle>(
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
    this.scope.assertAlive(operator);
    return new OperatorArguments(this, operator);
  }

  /** A new tensor of this view. */
  tensor(shape: Shape, native: NativeHandle, dtype: DType = "f32"): CpuTensor {
    return this.scope.own(new CpuTensor(this.root, native, { dtype, shape }));
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
    return this.#issuer.claim(CpuTensor, tensor, where).native;
  }

  /** What the contract takes in f32, f16 or bf16 and this backend's operator in fewer. */
  activation(
    argument: string,
    tensor: DeviceTensor,
    dtypes: readonly DType[] = ["f32"],
  ): NativeHandle {
    const handle = this.handle(argument, tensor);
    if (!dtypes.includes(tensor.dtype)) {
      const feature = `${this.#operator} in ${tensor.dtype}`;
      throw new UnsupportedError({ backend: "cpu", feature });
    }
    return handle;
  }

  optional(argument: string, tensor: DeviceTensor | undefined): NativeHandle | undefined {
    return tensor && this.handle(argument, tensor);
  }

  weight(argument: string, tensor: DeviceTensor): NativeWeight {
    const handle = this.handle(argument, tensor);
    return { handle, type: tensor.dtype as NativeWeight["type"] };
  }

  optionalWeight(argument: string, tensor: DeviceTensor | undefined): NativeWeight | undefined {
    return tensor && this.weight(argument, tensor);
  }
}
