import { abortError } from "../abort.js";
import type { DeviceTensor } from "../device-tensor.js";
import { InvalidArgumentError, OperatorError, TensorDisposedError } from "../errors.js";
import { timingKey } from "../scope/operator-timings.js";
import type { ScopeState } from "../scope/scope-state.js";
import { type Handle, ReferenceTensor } from "./handles.js";
import type { CommandStream, Pause } from "./stream.js";

type ValueOf<Input> = Input extends Handle<infer Value> ? Value : undefined;
type TensorHandle<Input> = Input extends DeviceTensor ? ReferenceTensor : undefined;

/** What one command reads, makes and does. */
export interface Command<Inputs, Outputs> {
  readonly operator: string;
  readonly label?: string | undefined;
  readonly inputs: Inputs;
  readonly outputs: { readonly [Name in keyof Outputs]: Handle<Outputs[Name]> };
  run(
    values: { readonly [Name in keyof Inputs]: ValueOf<Inputs[Name]> },
    pause: Pause,
  ): Outputs | Promise<Outputs>;
}

/** The commands issued through one view: their checks, their failures, their timings. */
export class CommandQueue {
  readonly stream: CommandStream;
  readonly scope: ScopeState;
  #firstFailure: { readonly error: unknown } | undefined;

  constructor(stream: CommandStream, scope: ScopeState) {
    this.stream = stream;
    this.scope = scope;
  }

  /** Refuses a handle of another backend or one that was disposed of. */
  claim<H extends Handle<unknown>>(
    type: abstract new (...parameters: never[]) => H,
    handle: object,
    where: { readonly operator: string; readonly argument: string },
  ): H {
    if (!(handle instanceof type) || handle.stream !== this.stream) {
      const found = "a foreign one";
      throw new InvalidArgumentError({ ...where, expected: "to be made by this backend", found });
    }
    if (handle.disposed) throw new TensorDisposedError(where);
    return handle;
  }

  /** `claim` for tensors by argument name. */
  claimTensors<Inputs extends Readonly<Record<string, DeviceTensor | undefined>>>(
    operator: string,
    inputs: Inputs,
  ): { readonly [Name in keyof Inputs]: TensorHandle<Inputs[Name]> } {
    const claimed = Object.entries(inputs).map(([argument, tensor]) => [
      argument,
      tensor && this.claim(ReferenceTensor, tensor, { operator, argument }),
    ]);
    return Object.fromEntries(claimed);
  }

  /** Queues a command. What goes wrong ends up in its outputs. */
  submit<
    Inputs extends Readonly<Record<string, Handle<unknown> | undefined>>,
    Outputs extends object,
  >(command: Command<Inputs, Outputs>): void {
    this.scope.assertAlive(command.operator);
    const outputs = Object.entries<Handle<unknown>>(command.outputs);
    for (const [, output] of outputs) this.scope.own(output);
    void this.stream.enqueue(async () => {
      try {
        const results = await this.#run(command);
        for (const [name, output] of outputs) {
          output.outcome = { state: "value", value: results[name as keyof Outputs] };
        }
      } catch (error) {
        this.#firstFailure ??= { error };
        for (const [, output] of outputs) output.outcome = { state: "failure", error };
      }
    });
  }

  /** Waits for all commands so far; throws the first failure since the last call. */
  async flush(): Promise<void> {
    const failure = await this.stream.enqueue(() => {
      const first = this.#firstFailure;
      this.#firstFailure = undefined;
      return first;
    });
    if (failure !== undefined) throw failure.error;
  }

  async #run<Inputs extends Readonly<Record<string, Handle<unknown> | undefined>>, Outputs>(
    command: Command<Inputs, Outputs>,
  ): Promise<Outputs> {
    const { operator, label, inputs } = command;
    if (this.scope.aborted !== undefined) throw abortError(this.scope.aborted);
    // The error of an input is passed on as it is, so that it names the operator that failed first.
    const values = Object.entries(inputs).map(([name, input]) => [name, input && outcomeOf(input)]);
    const start = performance.now();
    try {
      return await command.run(Object.fromEntries(values), this.stream.pause(this.scope.signals));
    } catch (cause) {
      const { aborted } = this.scope;
      if (aborted !== undefined && cause === abortError(aborted)) throw cause;
      throw new OperatorError({ operator, cause });
    } finally {
      this.scope.timings?.record(timingKey(operator, label), performance.now() - start);
    }
  }
}

/** The value of a handle whose command has run; throws what that command threw. */
export function outcomeOf<Value>(handle: Handle<Value>): Value {
  const { outcome } = handle;
  if (outcome.state === "failure") throw outcome.error;
  if (outcome.state === "pending") throw new Error("expected the value of a command that has run");
  return outcome.value;
}
