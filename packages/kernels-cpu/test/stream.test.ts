import { getEventListeners } from "node:events";
import { type Backend, OperatorError } from "@paroattn/backend";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCpuBackend } from "../src/index.js";
import { filled, ids, issueAttention, rejection } from "./fixtures.js";

let backend: Backend;
beforeEach(() => {
  backend = createCpuBackend({ threads: 2 });
});
afterEach(() => {
  backend.dispose();
});

describe("the command stream", () => {
  it("runs commands in the order of the calls", async () => {
    let tensor = backend.upload(filled([3], 1));
    const two = backend.upload(filled([3], 2));
    for (let i = 0; i < 100; i++) {
      // x -> 2 x, then 2 x + 2: another order gives another number.
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
    issueAttention(backend, 16_384);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await backend.flush();
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(3);
  });

  it("stops a long attention within a second of the abort, with the signal's reason", async () => {
    const controller = new AbortController();
    const scope = backend.scope({ signal: controller.signal });
    const output = issueAttention(scope, 262_144); // minutes of work
    const reason = new Error("the person left");
    let aborted = 0;
    setTimeout(() => {
      aborted = performance.now();
      controller.abort(reason);
    }, 100);
    expect(await rejection(scope.read(output))).toBe(reason);
    expect(performance.now() - aborted).toBeLessThan(1000);
    expect(await rejection(scope.flush())).toBe(reason);
    scope.dispose();
    const after = backend.add({
      a: backend.upload(filled([1], 1)),
      b: backend.upload(filled([1], 1)),
    });
    expect((await backend.read(after)).data[0]).toBe(2);
  });

  it("cancels what waits behind a long command even after its scope is gone", async () => {
    const controller = new AbortController();
    const scope = backend.scope({ signal: controller.signal });
    const input = backend.upload(filled([2], 1));
    issueAttention(scope, 262_144);
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

  it("names the operator that failed, at every read that depends on it", async () => {
    const table = backend.upload(filled([4, 2], 1));
    const rows = backend.embedding({ table, ids: backend.upload(ids(0, 7)) });
    const sum = backend.linear({ input: rows, weight: backend.upload(filled([3, 2], 1)) });
    for (const tensor of [rows, sum]) {
      const error = await rejection(backend.read(tensor));
      expect(OperatorError.isInstance(error) && error.operator).toBe("embedding");
      expect(String(error)).toContain("expected ids in 0..3 but found 7 at index 1");
    }
  });

  it("reports memory that it cannot get as the operator's failure, and goes on", async () => {
    const column = backend.upload(filled([1_000_000, 1], 1));
    const row = backend.upload(filled([1, 1_000_000], 1));
    const huge = backend.add({ a: column, b: row }); // 4 TB
    const error = await rejection(
      backend.read(backend.slice({ input: huge, axis: 0, start: 0, end: 1 })),
    );
    expect(OperatorError.isInstance(error) && error.operator).toBe("add");
    expect(String(error)).toContain("not enough memory for a result of 4000000000000 bytes");
    expect(
      (await backend.read(backend.slice({ input: row, axis: 1, start: 0, end: 1 }))).data[0],
    ).toBe(1);
  });

  it("serves two backends side by side", async () => {
    const other = createCpuBackend({ threads: 1 });
    const outputs = [backend, other].map((one) => one.read(issueAttention(one, 2048)));
    const [a, b] = await Promise.all(outputs);
    expect(a!.data[0]).toBeCloseTo(0.1, 5);
    expect(Buffer.compare(Buffer.from(a!.data.buffer), Buffer.from(b!.data.buffer))).toBe(0);
    other.dispose();
  });
});
