import { afterAll, expect, it } from "vitest";
import { createReferenceBackend, InvalidArgumentError, UnsupportedError } from "../../src/index.js";
import { wave } from "../support/wave.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

function prepare(tokens: number, precision?: { qk: "f32" | "int8"; pv: "f32" | "fp8" }) {
  const query = backend.upload(wave([1, tokens, 64], 0));
  return backend.prepareAttention({
    query,
    key: query,
    value: query,
    heads: 1,
    headDim: 64,
    ...(precision && { precision }),
  });
}

it("says what it is", () => {
  expect(backend.name).toBe("reference");
  expect(backend.description).toContain("float64");
});

it("refuses a precision that it cannot execute", () => {
  try {
    prepare(2, { qk: "f32", pv: "fp8" });
    expect.unreachable();
  } catch (error) {
    expect(UnsupportedError.isInstance(error)).toBe(true);
    expect((error as Error).message).toBe("reference: fp8 attention is not available yet");
  }
});

it("says which arithmetic it simulates", () => {
  expect(backend.arithmetic({ qk: "f32", pv: "f32" })).toBe("native");
  expect(backend.arithmetic({ qk: "bf16", pv: "bf16" })).toBe("simulated");
  expect(backend.arithmetic({ qk: "int8", pv: "f32" })).toBe("simulated");
  expect(() => backend.arithmetic({ qk: "f32", pv: "fp8" })).toThrow(UnsupportedError);
  expect(() => backend.arithmetic({ qk: "f32", pv: "f32", valueScale: "rank1" })).toThrow(
    InvalidArgumentError,
  );
});

it("leaves the event loop free during a long attention", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await backend.read(backend.attention({ operands: prepare(700) }).output);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});

it("rejects with the signal's own reason", async () => {
  const controller = new AbortController();
  const scope = backend.scope({ signal: controller.signal });
  const input = scope.upload(wave([3], 0));
  const reason = new Error("enough");
  controller.abort(reason);
  const sum = scope.add({ a: input, b: input });
  await expect(scope.read(sum)).rejects.toBe(reason);
  await expect(backend.read(backend.add({ a: sum, b: sum }))).rejects.toBe(reason);
  scope.dispose();
});

it("wraps what a command throws, with its cause", async () => {
  const ids = backend.upload({ dtype: "i32", shape: [2], data: Int32Array.of(0, 3) });
  const rows = backend.embedding({ table: backend.upload(wave([3, 2], 0)), ids });
  const error = await backend.read(rows).catch((reason) => reason);
  expect(error.message).toBe("embedding: expected ids in 0..2 but found 3 at index 1");
  expect(error.operator).toBe("embedding");
  expect(error.cause).toBeInstanceOf(RangeError);
});
