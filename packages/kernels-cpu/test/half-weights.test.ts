import { fromFloat32, toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.js";

// Large weights with few rows are widened in panels of outputs. Whatever the way, they must give what the same numbers give
// as f32 weights, to the rounding of sums that are taken in another order.
const backend = createCpuBackend({ threads: 2 });
afterAll(() => backend.dispose());

const wave = (length: number, step: number) =>
  Float32Array.from({ length }, (_, i) => Math.abs(Math.sin(1 + step * i)));

/** Outputs far apart, so that none passes for its neighbour, every other one negative. */
function distinctRows(outputs: number, inputs: number): Float32Array {
  const scale = (row: number) => (row % 2 === 0 ? 1 : -1) * (0.1 + ((row * 37) % 101) / 112);
  return wave(outputs * inputs, 0.37).map((value, i) => scale(Math.floor(i / inputs)) * value);
}

describe.each(["f16", "bf16"] as const)("linear with %s weights", (dtype) => {
  // Inputs and outputs that leave a shorter last panel, one too long for 64 outputs a panel, and rows on both sides of the limit.
  it.each([
    { rows: 1, inputs: 1031, outputs: 1500 },
    { rows: 12, inputs: 2048, outputs: 1025 },
    { rows: 13, inputs: 2048, outputs: 1025 },
    { rows: 3, inputs: 17_000, outputs: 130 },
  ])("$rows rows, $inputs to $outputs", async ({ rows, inputs, outputs }) => {
    using scope = backend.scope();
    const weight = fromFloat32({
      dtype,
      shape: [outputs, inputs],
      data: distinctRows(outputs, inputs),
    });
    const bias = fromFloat32({ dtype, shape: [outputs], data: wave(outputs, 0.11) });
    const input = scope.upload({
      dtype: "f32",
      shape: [rows, inputs],
      data: wave(rows * inputs, 0.73),
    });
    for (const activation of ["geluTanh", "relu"] as const) {
      const options = { input, activation };
      const half = scope.linear({
        ...options,
        weight: scope.upload(weight),
        bias: scope.upload(bias),
      });
      const wide = scope.linear({
        ...options,
        weight: scope.upload({ ...weight, dtype: "f32", data: toFloat32(weight) }),
        bias: scope.upload({ ...bias, dtype: "f32", data: toFloat32(bias) }),
      });
      const [found, expected] = await Promise.all([scope.read(half), scope.read(wide)]);
      // Sums of n products of at most 1 are off by no more than n roundings of a partial sum of at most n.
      const bound = inputs * inputs * 2 ** -24;
      const apart = found.data.map((value, i) => Math.abs(value - expected.data[i]!));
      expect(Math.max(...apart)).toBeLessThan(bound);
      expect(Math.max(...expected.data)).toBeGreaterThan(100 * bound);
    }
  });
});
