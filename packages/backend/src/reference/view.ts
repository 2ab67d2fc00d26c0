import { tensor as checkTensor, type Tensor } from "@paroattn/tensor";
import type { BackendScope, OperatorTiming, ScopeOptions } from "../backend.js";
import type { DeviceTensor } from "../device-tensor.js";
import { InvalidArgumentError } from "../errors.js";
import { ScopeState } from "../scope/scope-state.js";
import { AttentionOperators } from "./attention-operators.js";
import { CommandQueue, outcomeOf } from "./commands.js";
import { ReferenceTensor } from "./handles.js";
import { CommandStream } from "./stream.js";

/** The reference backend, or a scope of it. */
export class ReferenceView extends AttentionOperators implements BackendScope {
  readonly name = "reference";
  readonly description = "reference (plain TypeScript, float64 accumulation)";

  /** A backend of its own, with its own stream. */
  static root(): ReferenceView {
    return new ReferenceView(new CommandQueue(new CommandStream(), ScopeState.root()));
  }

  upload(tensor: Tensor): DeviceTensor {
    const { scope, stream } = this.queue;
    scope.assertAlive("upload");
    const handle = new ReferenceTensor(stream, checkTensor(tensor));
    handle.outcome = { state: "value", value: copy(tensor) };
    return scope.own(handle);
  }

  async read(tensor: DeviceTensor): Promise<Tensor> {
    const where = { operator: "read", argument: "tensor" };
    this.queue.scope.assertAlive("read");
    const handle = this.queue.claim(ReferenceTensor, tensor, where);
    return this.queue.stream.enqueue(() => copy(outcomeOf(handle)));
  }

  async flush(): Promise<void> {
    this.queue.scope.assertAlive("flush");
    return this.queue.flush();
  }

  scope(options: ScopeOptions = {}): BackendScope {
    const { scope, stream } = this.queue;
    return new ReferenceView(new CommandQueue(stream, scope.child(options)));
  }

  keep<T extends Disposable>(resource: T): T {
    return this.queue.scope.keep(resource);
  }

  async timings(): Promise<Readonly<Record<string, OperatorTiming>>> {
    const { timed, timings } = this.queue.scope;
    if (!timed || timings === undefined) {
      throw new InvalidArgumentError({
        operator: "timings",
        argument: "the scope",
        expected: "to be made with timed: true",
        found: "one without",
      });
    }
    return this.queue.stream.enqueue(() => timings.snapshot());
  }

  dispose(): void {
    this.queue.scope.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function copy(tensor: Tensor): Tensor {
  return { dtype: tensor.dtype, shape: [...tensor.shape], data: tensor.data.slice() };
}
