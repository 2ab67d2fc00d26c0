import { UnsupportedError } from "@paroattn/backend";
import { afterAll, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.js";

// The contract lets activations be f16 and bf16; this backend says at the call what it does not take: bf16 is for attention only.
const backend = createCpuBackend({ threads: 1 });
afterAll(() => backend.dispose());

describe.each(["f16", "bf16"] as const)("refuses %s", (dtype) => {
  const make = (...shape: number[]) => {
    const data = new Uint16Array(shape.reduce((product, size) => product * size, 1));
    return backend.upload({ dtype, shape, data });
  };
  const calls: Readonly<Record<string, () => unknown>> = {
    add: () => backend.add({ a: make(2), b: make(2) }),
    multiply: () => backend.multiply({ a: make(2), b: make(2) }),
    addGated: () =>
      backend.addGated({ residual: make(1, 2, 3), value: make(1, 2, 3), gate: make(1, 3) }),
    combine: () => backend.combine({ terms: [{ tensor: make(2), factor: 1 }] }),
    activate: () => backend.activate({ input: make(2), activation: "silu" }),
    layerNorm: () => backend.layerNorm({ input: make(2), epsilon: 0 }),
    rmsNorm: () => backend.rmsNorm({ input: make(2), epsilon: 0 }),
    groupNorm: () => backend.groupNorm({ input: make(1, 2), groups: 1, epsilon: 0 }),
    permute: () => backend.permute({ input: make(2, 3), axes: [1, 0] }),
    concat: () => backend.concat({ inputs: [make(2)], axis: 0 }),
    slice: () => backend.slice({ input: make(2), axis: 0, start: 0, end: 1 }),
    upsampleNearest2d: () => backend.upsampleNearest2d({ input: make(1, 1, 1, 1), factor: 2 }),
    ...(dtype === "f16" && {
      prepareAttention: () =>
        backend.prepareAttention({
          query: make(1, 2, 4),
          key: make(1, 2, 4),
          value: make(1, 2, 4),
          heads: 1,
          headDim: 4,
        }),
    }),
  };

  it.each(Object.entries(calls))("activations of %s", (operator, call) => {
    expect(call).toThrow(`cpu: ${operator} in ${dtype} is not available yet`);
  });
});

describe("refuses attention", () => {
  it.each([
    ["f16", "f16", "f16 attention"],
    ["bf16", "f16", "f16 attention"],
    ["bf16", "int8", "bf16 attention with int8 values"],
    ["int8", "bf16", "int8 attention with bf16 values"],
  ] as const)("in %s and %s", (qk, pv, what) => {
    const query = backend.upload({ dtype: "f32", shape: [1, 1, 4], data: new Float32Array(4) });
    const sides = { query, key: query, value: query, heads: 1, headDim: 4 };
    try {
      backend.prepareAttention({ ...sides, precision: { qk, pv } });
      expect.unreachable();
    } catch (error) {
      expect(UnsupportedError.isInstance(error)).toBe(true);
      expect((error as Error).message).toBe(`cpu: ${what} is not available yet`);
    }
  });
});
