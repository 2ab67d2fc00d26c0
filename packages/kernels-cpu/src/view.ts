import {
  type Arithmetic,
  type AttentionPrecision,
  type BackendScope,
  type DeviceTensor,
  InvalidArgumentError,
  type OperatorTiming,
  type ScopeOptions,
} from "@paroattn/backend";
import { DTYPE_ARRAYS, DTYPE_BYTES, elementCount, type Tensor, tensor } from "@paroattn/tensor";
import { arithmetic } from "./attention/arithmetic.js";
import { cancelOnAbort } from "./cancellation.js";
import { CpuTensor } from "./handles.js";
import { Issuer } from "./issuer.js";
import type { NativeFailure } from "./native.js";
import { CpuOperators } from "./operators.js";

/** The CPU backend, or a scope of it. */
export class CpuView extends CpuOperators implements BackendScope {
  readonly name = "cpu";
  /** Ends what the view holds beyond its tensors: a scope its signals' listeners, the root its stream. */
  readonly #end: () => void;
  #ended = false;

  constructor(issuer: Issuer, end: () => void) {
    super(issuer);
    this.#end = end;
  }

  get description(): string {
    return this.issuer.root.description;
  }

  arithmetic(precision: AttentionPrecision): Arithmetic {
    return arithmetic(precision);
  }

  upload(host: Tensor): DeviceTensor {
    const { root, view, scope, native } = this.issuer;
    scope.assertAlive("upload");
    const { data } = tensor(host);
    const handle = native.upload(
      view,
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    );
    return scope.own(new CpuTensor(root, handle, host));
  }

  async read(device: DeviceTensor): Promise<Tensor> {
    const { view, scope, native } = this.issuer;
    scope.assertAlive("read");
    const where = { operator: "read", argument: "tensor" };
    const { native: handle, dtype, shape } = this.issuer.claim(CpuTensor, device, where);
    const bytes = new ArrayBuffer(elementCount(shape) * DTYPE_BYTES[dtype]);
    this.#raise(await native.read(view, handle, bytes));
    return { dtype, shape: [...shape], data: new DTYPE_ARRAYS[dtype](bytes) };
  }

  async flush(): Promise<void> {
    const { view, scope, native } = this.issuer;
    scope.assertAlive("flush");
    this.#raise(await native.flush(view, true));
  }

  scope(options: ScopeOptions = {}): BackendScope {
    const { root, native } = this.issuer;
    const scope = this.issuer.scope.child(options);
    const cancellable = options.signal !== undefined;
    const view = native.createChild(this.issuer.view, cancellable, options.timed === true);
    const issuer = new Issuer({ root, view, scope });
    return new CpuView(issuer, cancellable ? cancelOnAbort(issuer) : () => {});
  }

  keep<T extends Disposable>(resource: T): T {
    return this.issuer.scope.keep(resource);
  }

  async timings(): Promise<Readonly<Record<string, OperatorTiming>>> {
    const { view, scope, native } = this.issuer;
    if (!scope.timed) {
      throw new InvalidArgumentError({
        operator: "timings",
        argument: "the scope",
        expected: "to be made with timed: true",
        found: "one without",
      });
    }
    await native.flush(view, false);
    return native.timings(view);
  }

  /** Bytes that the tensors of the root hold, with what it keeps for reuse. For tests. */
  memory(): number {
    return this.issuer.native.memory(this.issuer.view);
  }

  dispose(): void {
    // The scope may have been disposed of with the one around it.
    this.issuer.scope.dispose();
    if (this.#ended) return;
    this.#ended = true;
    this.#end();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #raise(failure: NativeFailure | null): void {
    if (failure !== null) throw this.issuer.root.errorOf(failure);
  }
}
