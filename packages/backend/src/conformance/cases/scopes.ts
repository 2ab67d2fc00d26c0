import type { Tensor } from "@paroattn/tensor";
import type { AttentionOperands } from "../../attention-types.js";
import type { Backend, BackendScope } from "../../backend.js";
import type { DeviceTensor } from "../../device-tensor.js";
import type { ConformanceCase } from "../case.js";
import { expectThat } from "../compare.js";
import { describeError, errorOf } from "../expect-error.js";
import type { ConformanceSettings, OperatorName } from "../options.js";

const twos: Tensor = { dtype: "f32", shape: [3], data: Float32Array.of(2, 2, 2) };

async function expectFirst(backend: Backend, tensor: DeviceTensor, value: number): Promise<void> {
  const { data } = await backend.read(tensor);
  expectThat(data[0] === value, `expected ${value} but found ${data[0]}`);
}

async function expectAborted(
  what: string,
  options: { readonly signal: AbortSignal; readonly action: () => Promise<unknown> },
): Promise<void> {
  const error = await errorOf(what, options.action);
  const aborted =
    error === options.signal.reason || (error instanceof Error && error.name === "AbortError");
  expectThat(
    aborted,
    `expected ${what} to fail with an AbortError but found ${describeError(error)}`,
  );
}

const HEADS = 2;

/** Two heads over more tokens than the device finishes before the signal comes, and whose softmax map would fit no memory. */
function longOperands(scope: BackendScope, settings: ConformanceSettings): AttentionOperands {
  const { longAttentionTokens: tokens, anyHeadDim: headDim, precision } = settings;
  const heads = HEADS;
  const pattern = Float32Array.from({ length: 1009 }, (_, i) => Math.sin(i));
  const data = new Float32Array(tokens * heads * headDim);
  for (let i = 0; i < data.length; i++) data[i] = pattern[i % pattern.length]!;
  const query = scope.upload({ dtype: "f32", shape: [1, tokens, heads * headDim], data });
  const sides = { query, key: query, value: query };
  return scope.prepareAttention({ ...sides, heads, headDim, ...precision });
}

function longStatistics(scope: BackendScope, settings: ConformanceSettings): DeviceTensor {
  const { longAttentionTokens: tokens } = settings;
  const data = new Float32Array(HEADS * tokens).fill(Math.log(tokens));
  return scope.blockStatistics({
    operands: longOperands(scope, settings),
    logSumExp: scope.upload({ dtype: "f32", shape: [1, HEADS, tokens], data }),
    epsilon: 1e-3,
  }).sum;
}

/** Aborts while the command runs; it, what is made from it and the flush must tell so, and the backend must go on. */
async function expectStopped(
  backend: Backend,
  command: (scope: BackendScope) => DeviceTensor,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const scope = backend.scope({ signal });
  const output = command(scope);
  const after = scope.reshape({ input: output, shape: [-1] });
  setTimeout(() => controller.abort(), 20);
  await expectAborted("the command", { signal, action: () => scope.read(output) });
  await expectAborted("what was made from it", { signal, action: () => scope.read(after) });
  await expectAborted("the flush", { signal, action: () => scope.flush() });
  scope.dispose();
  const input = backend.upload(twos);
  await expectFirst(backend, backend.add({ a: input, b: input }), 4);
}

type Run = (backend: Backend, settings: ConformanceSettings) => Promise<void>;

const CASES: Readonly<Record<string, Run>> = {
  "a signal that was aborted before stops everything": async (backend) => {
    const controller = new AbortController();
    controller.abort();
    const scope = backend.scope({ signal: controller.signal });
    const input = backend.upload(twos);
    const sum = scope.add({ a: input, b: input });
    await expectAborted("a command of an aborted scope", {
      signal: controller.signal,
      action: () => scope.read(sum),
    });
    await expectFirst(backend, backend.add({ a: input, b: input }), 4);
    scope.dispose();
  },
  "a signal stops a long attention, and all that is made from it": (backend, settings) =>
    expectStopped(
      backend,
      (scope) => scope.attention({ operands: longOperands(scope, settings) }).output,
    ),
  "a signal stops long block statistics": (backend, settings) =>
    expectStopped(backend, (scope) => longStatistics(scope, settings)),
  "the signal of a scope stops the scopes inside": async (backend) => {
    const controller = new AbortController();
    const outer = backend.scope({ signal: controller.signal });
    const inner = outer.scope({ signal: new AbortController().signal });
    const input = inner.upload(twos);
    controller.abort(new Error("enough"));
    const sum = inner.add({ a: input, b: input });
    await expectAborted("a command of the inner scope", {
      signal: controller.signal,
      action: () => inner.read(sum),
    });
    outer.dispose();
  },
  "two scopes at once do not disturb each other": async (backend) => {
    const controller = new AbortController();
    const stopped = backend.scope({ signal: controller.signal });
    const other = backend.scope();
    const input = backend.upload(twos);
    let a: DeviceTensor = input;
    let b: DeviceTensor = input;
    for (let i = 0; i < 5; i++) {
      a = stopped.add({ a, b: input });
      b = other.multiply({ a: b, b: input });
    }
    controller.abort();
    const late = stopped.add({ a, b: input });
    b = other.multiply({ a: b, b: input });
    await expectAborted("the stopped scope", {
      signal: controller.signal,
      action: () => stopped.read(late),
    });
    stopped.dispose();
    await expectFirst(other, b, 2 ** 7);
    await other.flush();
    other.dispose();
  },
  "timings by operator and label": async (backend, settings) => {
    const { anyHeadDim: headDim, precision } = settings;
    const scope = backend.scope({ timed: true });
    const data = new Float32Array(5 * headDim);
    const input = scope.upload({ dtype: "f32", shape: [1, 5, headDim], data });
    const inner = scope.scope();
    const sum = inner.add({ a: input, b: input });
    scope.add({ a: sum, b: input });
    for (const label of ["self", "cross"]) {
      const operands = scope.prepareAttention({
        query: input,
        key: input,
        value: input,
        heads: 1,
        headDim,
        ...precision,
        label,
      });
      scope.attention({ operands });
      if (label === "self") scope.attention({ operands });
    }
    const timings = await scope.timings();
    const calls = {
      add: 2,
      "prepareAttention/self": 1,
      "attention/self": 2,
      "prepareAttention/cross": 1,
      "attention/cross": 1,
    };
    for (const [key, count] of Object.entries(calls)) {
      const timing = timings[key];
      expectThat(
        timing?.calls === count && Number.isFinite(timing.milliseconds) && timing.milliseconds >= 0,
        `expected ${count} timed calls of ${key} but found ${JSON.stringify(timings)}`,
      );
    }
    scope.dispose();
  },
  "timings need a timed scope": async (backend) => {
    const scope = backend.scope();
    await errorOf("timings of a scope without them", () => scope.timings());
    scope.dispose();
  },
};

/** The operators that the cases call, by what their names have in common. */
const USES: Readonly<Record<string, readonly OperatorName[]>> = {
  "a signal that was aborted before": ["add"],
  "a signal stops a long attention": ["prepareAttention", "attention", "reshape", "add"],
  "a signal stops long block statistics": ["prepareAttention", "blockStatistics", "reshape", "add"],
  "the signal of a scope": ["add"],
  "two scopes at once": ["add", "multiply"],
  "timings by operator": ["add", "prepareAttention", "attention"],
};

/** Signals, timings, and two generations at once. */
export function scopeCases(settings: ConformanceSettings): ConformanceCase[] {
  return Object.entries(CASES).map(([name, run]) => ({
    name: `scope: ${name}`,
    operator: "scope",
    uses: Object.entries(USES).find(([start]) => name.startsWith(start))?.[1] ?? [],
    run: ({ backend }) => run(backend, settings),
  }));
}
