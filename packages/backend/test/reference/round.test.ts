import { fromFloat32, toFloat32 } from "@paroattn/tensor";
import { describe, expect, it } from "vitest";
import { rounded, roundTo } from "../../src/reference/round.js";

const patterns = Uint32Array.from(
  { length: 200_000 },
  (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0,
);
const values = new Float32Array(patterns.buffer);

describe.each(["f16", "bf16"] as const)("%s", (dtype) => {
  it("agrees with the rounding of f32 bit patterns wherever the value is an f32", () => {
    const expected = toFloat32(fromFloat32({ data: values, shape: [values.length], dtype }));
    const found = values.map((value) => roundTo(dtype, value));
    const differing = found.findIndex((value, i) => !Object.is(value, expected[i]));
    expect(differing, `${values[differing]}`).toBe(-1);
  });

  it("takes halves to even, and what lies beside them to the nearer side", () => {
    const unit = dtype === "f16" ? 2 ** -10 : 2 ** -7;
    expect(roundTo(dtype, 1 + unit / 2)).toBe(1);
    expect(roundTo(dtype, 1 + 1.5 * unit)).toBe(1 + 2 * unit);
    // By way of f32 the small part would be lost and the half taken to even.
    expect(roundTo(dtype, 1 + unit / 2 + 2 ** -40)).toBe(1 + unit);
    expect(roundTo(dtype, -1 - unit / 2 - 2 ** -40)).toBe(-1 - unit);
  });

  it("ends where the dtype ends", () => {
    const least = dtype === "f16" ? 2 ** -24 : 2 ** -133;
    expect(roundTo(dtype, least)).toBe(least);
    expect(roundTo(dtype, 0.5 * least)).toBe(0);
    expect(roundTo(dtype, -0.4 * least)).toBe(-0);
    expect(roundTo(dtype, 0.75 * least)).toBe(least);
    expect(roundTo(dtype, -1e39)).toBe(Number.NEGATIVE_INFINITY);
    expect(roundTo(dtype, Number.NaN)).toBeNaN();
  });
});

it("keeps f32 results as they are", () => {
  const data = Float32Array.of(1, 2);
  expect(rounded(data, { shape: [2], dtype: "f32" }).data).toBe(data);
  expect(rounded(Float64Array.of(0.1), { shape: [1], dtype: "f32" }).data[0]).toBe(
    Math.fround(0.1),
  );
});
