import type { Backend, DeviceTensor } from "@paroattn/backend";
import { fromFloat32, type Tensor } from "@paroattn/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.js";
import type { CpuView } from "../src/view.js";
import { rejection } from "./fixtures.js";

// From 1,024 rows on, linear and feedForward pack their weights at the first use and keep them so. A timed scope counts the
// calls that packed apart from the others.
let view: CpuView;
beforeEach(() => {
  view = createCpuBackend({ threads: 2 }) as CpuView;
});
afterEach(() => view.dispose());

const MANY = 1024;
const FEW = 40;
// Several panels of the weight, the last one smaller, and channels that fill no vector.
const INPUTS = 201;
const OUTPUTS = 1733;

function wave(shape: readonly number[], step: number): Tensor<"f32"> {
  const elements = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: elements }, (_, i) => Math.sin(1 + step * i));
  return { dtype: "f32", shape, data };
}

function weightOf(
  dtype: "f32" | "f16" | "bf16",
  shape: readonly number[] = [OUTPUTS, INPUTS],
): Tensor {
  return fromFloat32({ dtype, shape, data: wave(shape, 0.37).data });
}

/** The bits of a tensor, so that NaN is equal to itself. */
async function bits(on: Backend, tensor: DeviceTensor): Promise<Buffer> {
  const { data } = await on.read(tensor);
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** The same product by weights that nobody used before. */
function freshProduct(input: Tensor, weight: Tensor): DeviceTensor {
  return view.linear({ input: view.upload(input), weight: view.upload(weight) });
}

async function calls(scope: ReturnType<CpuView["scope"]>): Promise<Record<string, number>> {
  const timings = await scope.timings();
  return Object.fromEntries(Object.entries(timings).map(([name, entry]) => [name, entry.calls]));
}

describe.each(["f32", "f16", "bf16"] as const)("a weight in %s", (dtype) => {
  it("is packed once for any number of calls, rows and scopes, and gives the same bits", async () => {
    const weight = view.upload(weightOf(dtype));
    using scope = view.scope({ timed: true });
    for (const rows of [MANY, MANY, MANY + 77, 2 * MANY]) {
      const input = wave([rows, INPUTS], 0.73);
      using inner = scope.scope();
      const product = inner.linear({ input: inner.upload(input), weight });
      const expected = await bits(view, freshProduct(input, weightOf(dtype)));
      expect(expected.equals(await bits(inner, product))).toBe(true);
    }
    expect(await calls(scope)).toEqual({ "linear/packing": 1, linear: 3 });
  });

  it("is what it was for everything else, and packed again", async () => {
    const host = weightOf(dtype);
    const weight = view.upload(host);
    const [few, many] = [wave([FEW, INPUTS], 0.11), wave([MANY, INPUTS], 0.73)];
    const expected = await Promise.all(
      [few, many].map((rows) => bits(view, freshProduct(rows, host))),
    );
    using scope = view.scope({ timed: true });
    for (let round = 0; round < 2; round++) {
      const products = [few, many].map((input) =>
        scope.linear({ input: scope.upload(input), weight }),
      );
      const found = await Promise.all(products.map((product) => bits(scope, product)));
      expect(found.map((product, i) => product.equals(expected[i]!))).toEqual([true, true]);
      const data = new Uint8Array(host.data.buffer, host.data.byteOffset, host.data.byteLength);
      expect((await bits(scope, weight)).equals(data)).toBe(true);
    }
    expect(await calls(scope)).toEqual({ linear: 2, "linear/packing": 2 });
  });
});

it("every word of 16 bits comes back from packing", async () => {
  for (const dtype of ["f16", "bf16"] as const) {
    const data = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
    const weight = view.upload({ dtype, shape: [256, 256], data });
    using scope = view.scope({ timed: true });
    scope.linear({ input: scope.upload(wave([MANY, 256], 0.73)), weight });
    expect((await bits(view, weight)).equals(Buffer.from(data.buffer))).toBe(true);
    expect(await calls(scope)).toEqual({ "linear/packing": 1 });
  }
});

it("feedForward packs both of its weights once, also one pair for each row of the batch", async () => {
  const [channels, hidden] = [72, 200];
  const host = (shape: readonly number[]) => weightOf("f16", shape);
  for (const layers of [[], [2]]) {
    const shapes = [
      [...layers, hidden, channels],
      [...layers, channels, hidden],
    ] as const;
    const [inner, outer] = shapes.map((shape) => view.upload(host(shape)));
    const input = view.upload(wave([2, MANY, channels], 0.73));
    const run = (on: Backend, first: DeviceTensor, second: DeviceTensor) =>
      on.feedForward({
        input,
        inner: { weight: first },
        activation: "geluTanh",
        outer: { weight: second },
      });
    using scope = view.scope({ timed: true });
    const expected = await bits(
      view,
      run(view, view.upload(host(shapes[0])), view.upload(host(shapes[1]))),
    );
    for (let call = 0; call < 3; call++) {
      expect((await bits(scope, run(scope, inner!, outer!))).equals(expected)).toBe(true);
    }
    expect(await calls(scope)).toEqual({ "feedForward/packing": 1, feedForward: 2 });
  }
});

it("a tensor that a command also takes in another way stays plain for it", async () => {
  const square = wave([MANY, MANY], 0.37);
  const both = view.upload(square);
  const expected = await bits(view, freshProduct(square, square));
  // Packed by another call before.
  view.linear({ input: view.upload(wave([MANY, MANY], 0.1)), weight: both });
  expect((await bits(view, view.linear({ input: both, weight: both }))).equals(expected)).toBe(
    true,
  );
  const small = wave([64, 64], 0.37);
  const twice = view.upload(small);
  const input = view.upload(wave([1, MANY, 64], 0.73));
  const run = (first: DeviceTensor, second: DeviceTensor) =>
    view.feedForward({
      input,
      inner: { weight: first },
      activation: "silu",
      outer: { weight: second },
    });
  const pair = await bits(view, run(view.upload(small), view.upload(small)));
  expect((await bits(view, run(twice, twice))).equals(pair)).toBe(true);
});

describe("memory of packed weights", () => {
  const MIB = 2 ** 20;
  // Channels that fill oneDNN's vectors without a rest.
  const host = (dtype: "f32" | "f16" | "bf16") => weightOf(dtype, [1024, 1024]);

  /** Once an idle stream has given unused memory back, after two seconds. */
  async function held(): Promise<number> {
    await view.flush();
    await new Promise((resolve) => setTimeout(resolve, 2300));
    return view.memory();
  }

  it("is that of the plain ones, and goes with the last handle", async () => {
    const weights = (["f32", "f16", "bf16"] as const).map((dtype) => view.upload(host(dtype)));
    expect(await held()).toBe(8 * MIB);
    const scope = view.scope();
    const input = scope.upload(wave([MANY, 1024], 0.73));
    for (let call = 0; call < 3; call++) {
      for (const weight of weights) scope.linear({ input, weight });
    }
    scope.dispose();
    expect(await held()).toBe(8 * MIB);
    for (const weight of weights) weight.dispose();
    expect(await held()).toBe(0);
  });

  it("is whole after a first use that was aborted, before or within", async () => {
    const data = host("f32");
    const input = view.upload(wave([8 * MANY, 1024], 0.73));
    const expected = await bits(view, view.linear({ input, weight: view.upload(data) }));
    for (const wait of [0, 3, 10]) {
      const weight = view.upload(data);
      const controller = new AbortController();
      using scope = view.scope({ signal: controller.signal });
      const product = scope.linear({ input, weight });
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      controller.abort();
      if (wait === 0)
        expect(await rejection(scope.read(product))).toMatchObject({ name: "AbortError" });
      expect((await bits(view, view.linear({ input, weight }))).equals(expected)).toBe(true);
      const bytes = new Uint8Array(data.data.buffer);
      expect((await bits(view, weight)).equals(bytes)).toBe(true);
    }
  });

  it("is each backend's own, and a weight may be disposed of behind its use", async () => {
    using other = createCpuBackend({ threads: 1 }) as CpuView;
    const input = wave([MANY, INPUTS], 0.73);
    const expected = await bits(view, freshProduct(input, weightOf("bf16")));
    const found = [view, other].map((backend) => {
      const weight = backend.upload(weightOf("bf16"));
      const first = backend.linear({ input: backend.upload(input), weight });
      const second = backend.linear({ input: backend.upload(input), weight });
      weight.dispose();
      return [first, second].map((product) => bits(backend, product));
    });
    for (const product of await Promise.all(found.flat()))
      expect(product.equals(expected)).toBe(true);
  });
});
