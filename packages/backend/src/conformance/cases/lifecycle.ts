import type { Tensor } from "@paroattn/tensor";
import type { Backend } from "../../backend.js";
import type { DeviceTensor } from "../../device-tensor.js";
import { InvalidArgumentError, TensorDisposedError } from "../../errors.js";
import type { ConformanceCase } from "../case.js";
import { expectClose, expectThat } from "../compare.js";
import { describeError, errorOf, thrownBy } from "../expect-error.js";
import type { ConformanceSettings, OperatorName } from "../options.js";

const ones: Tensor = { dtype: "f32", shape: [2, 3], data: new Float32Array(6).fill(1) };

/** Expects that using the tensor is refused at the call, in the name of the operator. */
function expectDisposed(backend: Backend, tensor: DeviceTensor): void {
  const error = thrownBy("the use of a disposed tensor", () =>
    backend.activate({ input: tensor, activation: "relu" }),
  );
  expectThat(
    TensorDisposedError.isInstance(error) && error.operator === "activate",
    `expected a TensorDisposedError of activate but found ${describeError(error)}`,
  );
}

async function expectValue(backend: Backend, tensor: DeviceTensor, value: number): Promise<void> {
  const actual = await backend.read(tensor);
  const expected = { ...ones, data: new Float32Array(6).fill(value) };
  expectClose({ what: "tensor", actual, expected, bound: 0 });
}

type Run = (backend: Backend, settings: ConformanceSettings) => Promise<void>;

const CASES: Readonly<Record<string, Run>> = {
  "upload copies, read copies": async (backend) => {
    const host = { ...ones, data: (ones.data as Float32Array).slice() };
    const tensor = backend.upload(host);
    host.data.fill(9);
    const read = await backend.read(tensor);
    read.data.fill(7);
    await expectValue(backend, tensor, 1);
    tensor.dispose();
  },
  "every dtype comes back as it went": async (backend) => {
    const tensors: Tensor[] = [
      { dtype: "f32", shape: [2], data: Float32Array.of(1.5, Number.NaN) },
      { dtype: "f16", shape: [2], data: Uint16Array.of(0x3c00, 0xfbff) },
      { dtype: "bf16", shape: [1, 2], data: Uint16Array.of(0x3f80, 0x7f80) },
      { dtype: "i32", shape: [2, 1], data: Int32Array.of(-5, 2147483647) },
    ];
    for (const tensor of tensors) {
      const handle = backend.upload(tensor);
      expectClose({
        what: tensor.dtype,
        actual: await backend.read(handle),
        expected: tensor,
        bound: 0,
      });
      handle.dispose();
    }
  },
  "dispose is in stream order": async (backend) => {
    const a = backend.upload(ones);
    const b = backend.add({ a, b: a });
    a.dispose();
    const c = backend.add({ a: b, b });
    b.dispose();
    await expectValue(backend, c, 4);
    c.dispose();
  },
  "a disposed tensor is refused at the call": async (backend) => {
    const a = backend.upload(ones);
    a.dispose();
    a.dispose();
    expectDisposed(backend, a);
    const error = await errorOf("reading a disposed tensor", () => backend.read(a));
    expectThat(
      TensorDisposedError.isInstance(error),
      `expected a TensorDisposedError but found ${describeError(error)}`,
    );
  },
  "a reshaped handle outlives its origin, and the other way round": async (backend) => {
    const a = backend.upload(ones);
    const first = backend.reshape({ input: a, shape: [6] });
    const second = backend.reshape({ input: a, shape: [3, 2] });
    first.dispose();
    await expectValue(backend, a, 1);
    a.dispose();
    const back = backend.reshape({ input: second, shape: [2, 3] });
    second.dispose();
    await expectValue(backend, back, 1);
    back.dispose();
  },
  "disposed operands and masks are refused": async (backend, settings) => {
    const { anyHeadDim: headDim, precision } = settings;
    const scope = backend.scope();
    const data = new Float32Array(3 * headDim);
    const query = scope.upload({ dtype: "f32", shape: [1, 3, headDim], data });
    const operands = scope.prepareAttention({
      query,
      key: query,
      value: query,
      heads: 1,
      headDim,
      ...precision,
    });
    const mask = scope.prepareMask({
      heads: 1,
      queryBlocks: 1,
      keyBlocks: 1,
      bits: Uint8Array.of(1),
    });
    mask.dispose();
    const ofMask = thrownBy("a disposed mask", () => scope.attention({ operands, mask }));
    operands.dispose();
    const ofOperands = thrownBy("disposed operands", () => scope.attention({ operands }));
    for (const error of [ofMask, ofOperands]) {
      expectThat(
        TensorDisposedError.isInstance(error) && error.operator === "attention",
        `expected a TensorDisposedError of attention but found ${describeError(error)}`,
      );
    }
    scope.dispose();
  },
  "a scope frees what it made and what its scopes made, unless kept": async (backend) => {
    const outside = backend.upload(ones);
    const scope = backend.scope();
    const freed = scope.add({ a: outside, b: outside });
    const kept = scope.keep(scope.add({ a: freed, b: outside }));
    const inner = scope.scope();
    const innerFreed = inner.add({ a: freed, b: freed });
    const innerKept = inner.keep(inner.add({ a: freed, b: freed }));
    inner.dispose();
    expectDisposed(backend, innerFreed);
    await expectValue(backend, innerKept, 4);
    const unfinished = scope.scope().add({ a: freed, b: freed });
    scope.dispose();
    scope.dispose();
    for (const tensor of [freed, innerKept, unfinished]) expectDisposed(backend, tensor);
    await expectValue(backend, kept, 3);
    await expectValue(backend, outside, 1);
    kept.dispose();
    outside.dispose();
  },
  "a disposed scope makes nothing more": async (backend) => {
    const scope = backend.scope();
    scope.dispose();
    const error = thrownBy("upload through a disposed scope", () => scope.upload(ones));
    expectThat(
      InvalidArgumentError.isInstance(error),
      `expected an InvalidArgumentError but found ${describeError(error)}`,
    );
  },
  "many reads at once": async (backend) => {
    const scope = backend.scope();
    let tensor = scope.upload(ones);
    const reads: Promise<void>[] = [];
    for (let i = 1; i <= 20; i++) {
      tensor = scope.combine({
        terms: [
          { tensor, factor: 1 },
          { tensor: scope.upload(ones), factor: 1 },
        ],
      });
      reads.push(expectValue(scope, tensor, i + 1));
    }
    await Promise.all(reads);
    scope.dispose();
  },
};

/** The operators that the cases call, by what their names have in common. */
const USES: Readonly<Record<string, readonly OperatorName[]>> = {
  "dispose is in stream order": ["add"],
  "a disposed tensor": ["activate"],
  "a reshaped handle": ["reshape"],
  "disposed operands and masks": ["prepareAttention", "prepareMask", "attention"],
  "a scope frees": ["add", "activate"],
  "many reads": ["combine"],
};

/** Who owns what, and for how long. */
export function lifecycleCases(settings: ConformanceSettings): ConformanceCase[] {
  return Object.entries(CASES).map(([name, run]) => ({
    name: `lifecycle: ${name}`,
    operator: "scope",
    uses: Object.entries(USES).find(([start]) => name.startsWith(start))?.[1] ?? [],
    run: ({ backend }) => run(backend, settings),
  }));
}
