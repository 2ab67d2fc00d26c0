import { Float16Array } from "@petamoriken/float16";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromFloat32, InvalidTensorError, tensor, toFloat32 } from "../src/index.js";

const patterns = Uint16Array.from({ length: 65536 }, (_, pattern) => pattern);
const shape = [65536];

/** Every finite neighbour pair's middle, and the f32 values on both sides of it. */
function aroundMiddles(values: Float32Array): Float32Array {
  const sorted = values.filter(Number.isFinite).sort();
  const probes: number[] = [];
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  for (let i = 1; i < sorted.length; i++) {
    float[0] = sorted[i - 1]! / 2 + sorted[i]! / 2;
    const middle = bits[0]!;
    for (const step of [-1, 0, 1]) {
      bits[0] = middle + step;
      probes.push(float[0]!);
    }
  }
  return Float32Array.from(probes).filter((value) => !Number.isNaN(value));
}

describe("toFloat32 and fromFloat32", () => {
  it.each(["f16", "bf16"] as const)("round trip all 65,536 patterns of %s", (dtype) => {
    const values = toFloat32(tensor({ dtype, shape, data: patterns }));
    expect(fromFloat32({ data: values, shape, dtype }).data).toEqual(patterns);
  });

  it("decode f16 as an independent implementation does", () => {
    const values = toFloat32(tensor({ dtype: "f16", shape, data: patterns }));
    const oracle = Float32Array.from(new Float16Array(patterns.slice().buffer));
    expect(values).toEqual(oracle);
  });

  it("round f16 as an independent implementation does, at every middle and beside it", () => {
    const values = toFloat32(tensor({ dtype: "f16", shape, data: patterns }));
    const probes = aroundMiddles(values);
    expect(probes.length).toBeGreaterThan(180_000);
    const oracle = new Uint16Array(new Float16Array(probes).buffer);
    const rounded = fromFloat32({ data: probes, shape: [probes.length], dtype: "f16" });
    expect(rounded.data).toEqual(oracle);
  });

  it("round any f32 to the nearest f16 or bf16, halves to even", () => {
    const float = new Float32Array(1);
    const bits = new Uint32Array(float.buffer);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (pattern) => {
        bits[0] = pattern;
        const value = float[0]!;
        const half = fromFloat32({ data: float, shape: [1], dtype: "f16" });
        expect(toFloat32(half)[0]).toBe(new Float16Array([value])[0]);
        const brain = fromFloat32({ data: float, shape: [1], dtype: "bf16" });
        if (Number.isNaN(value)) expect(toFloat32(brain)[0]).toBeNaN();
        else expect(brain.data[0]).toBe(nearestBf16(pattern));
      }),
      { numRuns: 5000 },
    );
  });

  it("go past the range to infinity, and keep signs of zero", () => {
    const data = Float32Array.of(65519.996, 65520, -1e30, -0, 2 ** -25, 2 ** -25 * 1.0001);
    const half = fromFloat32({ data, shape: [6], dtype: "f16" });
    expect([...half.data]).toEqual([0x7bff, 0x7c00, 0xfc00, 0x8000, 0, 1]);
    const brain = fromFloat32({
      data: Float32Array.of(3.4e38, 1.00390625),
      shape: [2],
      dtype: "bf16",
    });
    expect([...brain.data]).toEqual([0x7f80, 0x3f80]);
  });

  it("widen integers exactly and hand f32 on as it is", () => {
    const i8 = tensor({ dtype: "i8", shape: [3], data: Int8Array.of(-128, 0, 127) });
    expect(toFloat32(i8)).toEqual(Float32Array.of(-128, 0, 127));
    const u8 = tensor({ dtype: "u8", shape: [1], data: Uint8Array.of(255) });
    expect(toFloat32(u8)).toEqual(Float32Array.of(255));
    const i32 = tensor({ dtype: "i32", shape: [2], data: Int32Array.of(-(2 ** 24), 2 ** 24 + 1) });
    expect(toFloat32(i32)).toEqual(Float32Array.of(-(2 ** 24), 2 ** 24));
    const data = Float32Array.of(1);
    expect(toFloat32(tensor({ dtype: "f32", shape: [1], data }))).toBe(data);
    expect(fromFloat32({ data, shape: [1], dtype: "f32" }).data).toBe(data);
  });

  it("refuse data that does not fill the shape", () => {
    const options = { data: new Float32Array(3), shape: [2], dtype: "f16" } as const;
    expect(() => fromFloat32(options)).toThrow(InvalidTensorError);
    expect(() => fromFloat32(options)).toThrow("Expected 2 elements for shape [2] but found 3");
  });
});

/** Straight from the definition, in integers: cut off the lower half, look at what was cut. */
function nearestBf16(pattern: number): number {
  const upper = Math.floor(pattern / 65536);
  const rest = pattern % 65536;
  const up = rest > 32768 || (rest === 32768 && upper % 2 === 1);
  return up ? upper + 1 : upper;
}
