import "./emulated.js";
import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { UnsupportedError } from "@paroattn/backend";
import { imageLayout } from "@paroattn/reorder";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type CudaBackend, createCudaBackend } from "../src/index.js";
import { BF16, filled, issueAttention, MANY_HEADS, rejection, thrown } from "./fixtures.js";

let backend: CudaBackend;
beforeEach(() => {
  backend = createCudaBackend();
});
afterEach(() => {
  backend.dispose();
});

/** An add whose result tells whether the backend still works. */
async function expectWorks(): Promise<void> {
  const one = backend.upload(filled([1], 1));
  expect((await backend.read(backend.add({ a: one, b: one }))).data[0]).toBe(2);
}

/** Leaves a disposed backend and its tensors to the garbage collector. */
async function useAnotherBackend(): Promise<void> {
  const other = createCudaBackend();
  await other.read(issueAttention(other, 64));
  other.dispose();
}

describe("the command stream", () => {
  it("tells its device", () => {
    expect(backend.name).toBe("cuda");
    expect(backend.description).toMatch(/^cuda \(.+, compute capability \d+\.\d+\)$/);
  });

  it("runs commands in the order of the calls", async () => {
    let tensor = backend.upload(filled([3], 1));
    const two = backend.upload(filled([3], 2));
    for (let i = 0; i < 100; i++) {
      // x -> 2 x, then x + 2: another order gives another number.
      const doubled = backend.multiply({ a: tensor, b: two });
      tensor.dispose();
      tensor = backend.combine({
        terms: [
          { tensor: doubled, factor: 0.5 },
          { tensor: two, factor: 1 },
        ],
      });
    }
    expect((await backend.read(tensor)).data[0]).toBe(201);
  });

  it("leaves the event loop free while it works", async () => {
    issueAttention(backend, 1024);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await backend.flush();
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(3);
  });

  it("copies tensors that are larger than its page-locked blocks", async () => {
    const count = 9_000_001; // 36 MB, in three pieces, the last one ragged
    const data = Float32Array.from({ length: count }, (_, i) => i % 8191);
    const tensor = backend.upload({ dtype: "f32", shape: [count], data });
    const read = await backend.read(tensor);
    expect(Buffer.compare(Buffer.from(read.data.buffer), Buffer.from(data.buffer))).toBe(0);
  });

  it("stops a long attention, with the signal's reason", async () => {
    const controller = new AbortController();
    const scope = backend.scope({ signal: controller.signal });
    const before = scope.add({ a: scope.upload(filled([1], 1)), b: scope.upload(filled([1], 2)) });
    await scope.flush();
    const output = issueAttention(scope, 512, MANY_HEADS);
    const reason = new Error("the person left");
    setTimeout(() => controller.abort(reason), 50);
    expect(await rejection(scope.read(output))).toBe(reason);
    expect(await rejection(scope.flush())).toBe(reason);
    // What was finished stays; what comes after fails at once.
    expect((await scope.read(before)).data[0]).toBe(3);
    expect(await rejection(scope.read(scope.add({ a: before, b: before })))).toBe(reason);
    scope.dispose();
    await expectWorks();
  });

  it("can be stopped while the memory of another backend is freed", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage: () => void = runInNewContext("gc");
    for (let round = 0; round < 3; round++) {
      await useAnotherBackend();
      const controller = new AbortController();
      const scope = backend.scope({ signal: controller.signal });
      const output = issueAttention(scope, 512, MANY_HEADS);
      collectGarbage();
      // The finalizers run first; freeing on this thread would take as long as the attention.
      setTimeout(() => controller.abort(), 20);
      expect(await rejection(scope.read(output))).toMatchObject({ name: "AbortError" });
      scope.dispose();
    }
  });

  it("fails what others made from a cancelled result, and nothing else of theirs", async () => {
    const controller = new AbortController();
    const scope = backend.scope({ signal: controller.signal });
    const output = issueAttention(scope, 512, MANY_HEADS);
    const derived = backend.add({ a: output, b: output });
    const other = backend.add({
      a: backend.upload(filled([1], 1)),
      b: backend.upload(filled([1], 1)),
    });
    controller.abort();
    expect(await rejection(backend.read(derived))).toMatchObject({ name: "AbortError" });
    expect((await backend.read(other)).data[0]).toBe(2);
    expect(await rejection(backend.flush())).toMatchObject({ name: "AbortError" });
    await backend.flush();
    scope.dispose();
  });

  it("keeps what had run when the signal came, and what was made from it", async () => {
    const controller = new AbortController();
    const scope = backend.scope({ signal: controller.signal });
    const one = scope.upload(filled([1], 1));
    const sum = scope.add({ a: one, b: one });
    const derived = backend.add({ a: sum, b: sum });
    await backend.flush();
    controller.abort();
    expect((await scope.read(sum)).data[0]).toBe(2);
    expect((await backend.read(derived)).data[0]).toBe(4);
    await scope.flush();
    scope.dispose();
  });

  it("cancels what waits behind a long command even after its scope is gone", async () => {
    const controller = new AbortController();
    const scope = backend.scope({ signal: controller.signal });
    const input = backend.upload(filled([2], 1));
    issueAttention(scope, 512, MANY_HEADS);
    const waiting = scope.keep(scope.add({ a: input, b: input }));
    scope.dispose();
    setTimeout(() => controller.abort(), 50);
    expect(await rejection(backend.read(waiting))).toMatchObject({ name: "AbortError" });
  });

  it("leaves no listener on a signal when its scope is disposed of", async () => {
    const { signal } = new AbortController();
    const outer = backend.scope();
    const scope = outer.scope({ signal });
    const inner = scope.scope({ signal });
    expect(getEventListeners(signal, "abort")).not.toHaveLength(0);
    outer.dispose();
    scope.dispose();
    backend.dispose();
    inner.dispose();
    await vi.waitFor(() => expect(getEventListeners(signal, "abort")).toHaveLength(0));
  });

  it("lets reads finish that were asked for before the backend was disposed of", async () => {
    const read = backend.read(issueAttention(backend, 256));
    backend.dispose();
    expect((await read).data[0]).toBeCloseTo(0.1, 2);
  });

  it("serves two backends side by side", async () => {
    const other = createCudaBackend();
    const outputs = [backend, other].map((one) => one.read(issueAttention(one, 256)));
    const [a, b] = await Promise.all(outputs);
    expect(a!.data[0]).toBeCloseTo(0.1, 2);
    expect(Buffer.compare(Buffer.from(a!.data.buffer), Buffer.from(b!.data.buffer))).toBe(0);
    other.dispose();
  });

  it("times operators on the device", async () => {
    const scope = backend.scope({ timed: true });
    for (let i = 0; i < 3; i++) issueAttention(scope, 192);
    const { attention, prepareAttention } = await scope.timings();
    expect(attention).toMatchObject({ calls: 3 });
    expect(prepareAttention).toMatchObject({ calls: 3 });
    expect(attention!.milliseconds).toBeGreaterThan(0);
    scope.dispose();
  });
});

describe("what CUDA does not have", () => {
  const query = () => backend.upload(filled([1, 3, 64], 1));
  const prepare = (more: object) => {
    const one = query();
    return backend.prepareAttention({
      query: one,
      key: one,
      value: one,
      heads: 1,
      headDim: 64,
      ...more,
    });
  };

  it.each([
    [{}, "f32 attention with f32 values"],
    [{ precision: { qk: "int8", pv: "bf16" } }, "int8 attention with bf16 values"],
    [{ precision: { qk: "f16", pv: "bf16" } }, "f16 attention with bf16 values"],
  ])("%o: says which precision to pass", (more, what) => {
    const error = thrown(() => prepare(more));
    expect(UnsupportedError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({
      message: `cuda: ${what} is not available yet, pass precision: { qk: "bf16", pv: "bf16" } or f16 for both`,
    });
  });

  it("says which head dims there are", () => {
    const error = thrown(() => prepare({ heads: 2, headDim: 32, precision: BF16 }));
    expect(error).toMatchObject({
      message: "cuda: attention with headDim 32 is not available yet, only with 64, 72, 96, 128",
    });
  });

  it("is refused by name", () => {
    const call = () =>
      backend.linear({
        input: backend.upload(filled([1, 2], 1)),
        weight: backend.upload(filled([3, 2], 1)),
      });
    expect(thrown(call)).toMatchObject({
      name: "UnsupportedError",
      message: "not on CUDA yet: linear",
    });
  });

  it.each([
    [
      "combine of 65 terms is not available yet, only of up to 64",
      () => {
        const tensor = query();
        return backend.combine({ terms: Array(65).fill({ tensor, factor: 1 }) });
      },
    ],
    [
      "add with 9 axes is not available yet, only with up to 8",
      () => {
        const tensor = backend.upload(filled(Array(9).fill(1), 1));
        return backend.add({ a: tensor, b: tensor });
      },
    ],
    [
      "permute with 9 axes is not available yet, only with up to 8",
      () => {
        const input = backend.upload(filled(Array(9).fill(1), 1));
        return backend.permute({ input, axes: [8, 7, 6, 5, 4, 3, 2, 1, 0] });
      },
    ],
  ])("%s", (message, call) => {
    expect(thrown(call)).toMatchObject({ name: "UnsupportedError", message: `cuda: ${message}` });
  });
});

describe("row tables", () => {
  it("are made once for a layout and its orders", async () => {
    const layout = imageLayout({ height: 9, width: 11 });
    const query = backend.upload(filled([1, 99, 128], 0.5));
    const prepare = (orders: readonly ("HW" | "WH")[]) =>
      backend.prepareAttention({
        query,
        key: query,
        value: query,
        heads: 2,
        headDim: 64,
        layout,
        orders,
        precision: BF16,
      });
    prepare(["HW", "WH"]).dispose();
    const { inUse } = backend.memory();
    for (let i = 0; i < 5; i++) prepare(["HW", "WH"]).dispose();
    expect(backend.memory().inUse).toBe(inUse);
    prepare(["WH", "WH"]).dispose();
    // Two words more for the heads' choice, in the smallest block.
    expect(backend.memory().inUse).toBe(inUse + 512);
  });
});
