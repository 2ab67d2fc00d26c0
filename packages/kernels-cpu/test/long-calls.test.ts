import type { Backend } from "@paroattn/backend";
import { toFloat32 } from "@paroattn/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.js";
import { rejection } from "./fixtures.js";

let backend: Backend;
beforeEach(() => {
  backend = createCpuBackend({ threads: 2 });
});
afterEach(() => {
  backend.dispose();
});

/** Values without a period in the sizes at hand. */
function wave(shape: readonly number[]) {
  const elements = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: elements }, (_, i) =>
    Math.fround(((i * 37) % 1009) / 1009 - 0.5),
  );
  return backend.upload({ dtype: "f32", shape, data });
}

async function expectEqual(actual: ReturnType<typeof wave>, expected: ReturnType<typeof wave>) {
  const [a, b] = await Promise.all([backend.read(actual), backend.read(expected)]);
  expect(a.shape).toEqual(b.shape);
  const expectedData = toFloat32(b);
  const largest = expectedData.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = toFloat32(a).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - expectedData[i]!)),
    0,
  );
  expect(worst / largest).toBeLessThan(1e-5);
}

// Operators of more than 20 GFLOP run in pieces; parts that are small enough to run in one serve as their own oracle.
describe("operators in pieces", () => {
  it("convolve as a whole, with odd padding and stride", async () => {
    const size = 521;
    const input = wave([1, 64, size, size]);
    const weight = wave([256, 64, 3, 3]);
    const bias = wave([256]);
    for (const stride of [1, 2]) {
      const whole = backend.conv2d({ input, weight, bias, stride, padding: [1, 2, 2, 1] });
      const height = whole.shape[2]!;
      const count = 7;
      for (const first of [0, Math.floor(height / 2) - 3, height - count]) {
        const start = first * stride - 1;
        const end = start + (count - 1) * stride + 3;
        const part = backend.conv2d({
          input: backend.slice({
            input,
            axis: 2,
            start: Math.max(0, start),
            end: Math.min(size, end),
          }),
          weight,
          bias,
          stride,
          padding: [Math.max(0, -start), Math.max(0, end - size), 2, 1],
        });
        const rows = backend.slice({ input: whole, axis: 2, start: first, end: first + count });
        await expectEqual(rows, part);
      }
    }
  });

  it("convolve a video as a whole, in bands of frames and of rows", async () => {
    for (const [inputs, outputs, height, width] of [
      [128, 128, 60, 90],
      [128, 192, 150, 180],
    ] as const) {
      const frames = 5;
      const input = wave([1, inputs, frames, height, width]);
      const weight = wave([outputs, inputs, 3, 3, 3]);
      const bias = wave([outputs]);
      const whole = backend.conv3d({ input, weight, bias, padding: [2, 0, 1, 1, 1, 1] });
      for (const [frame, first, count] of [
        [0, 0, 3],
        [2, Math.floor(height / 2), 4],
        [4, height - 3, 3],
      ] as const) {
        const sides = [Math.max(0, first - 1), Math.min(height, first + count + 1)] as const;
        const from = Math.max(0, frame - 2);
        const part = backend.conv3d({
          input: backend.slice({
            input: backend.slice({ input, axis: 2, start: from, end: frame + 1 }),
            axis: 3,
            start: sides[0],
            end: sides[1],
          }),
          weight,
          bias,
          padding: [2 - (frame - from), 0, first === 0 ? 1 : 0, sides[1] === height ? 1 : 0, 1, 1],
        });
        const rows = backend.slice({
          input: backend.slice({ input: whole, axis: 2, start: frame, end: frame + 1 }),
          axis: 3,
          start: first,
          end: first + count,
        });
        await expectEqual(rows, part);
      }
    }
  });

  it("multiply as a whole", async () => {
    const input = wave([9001, 1100]);
    const weight = wave([1200, 1100]);
    const bias = wave([1200]);
    const whole = backend.linear({ input, weight, bias, activation: "gelu" });
    for (const start of [0, 4490, 8990]) {
      const range = { axis: 0, start, end: start + 11 };
      const part = backend.linear({
        input: backend.slice({ input, ...range }),
        weight,
        bias,
        activation: "gelu",
      });
      await expectEqual(backend.slice({ input: whole, ...range }), part);
    }
  });

  it("stop between the pieces", async () => {
    const controller = new AbortController();
    const scope = backend.scope({ signal: controller.signal });
    const input = scope.upload({
      dtype: "f32",
      shape: [1, 128, 1024, 1024],
      data: new Float32Array(2 ** 27),
    });
    // 1.2 TFLOP.
    const output = scope.conv2d({ input, weight: wave([512, 128, 3, 3]), padding: [1, 1, 1, 1] });
    let aborted = 0;
    setTimeout(() => {
      aborted = performance.now();
      controller.abort();
    }, 50);
    expect(await rejection(scope.read(output))).toMatchObject({ name: "AbortError" });
    expect(performance.now() - aborted).toBeLessThan(2000);
    scope.dispose();
  });
});
