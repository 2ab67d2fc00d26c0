import type { Tensor } from "@paroattn/tensor";
import { afterAll, expect, it } from "vitest";
import { createReferenceBackend, type DeviceTensor } from "../../src/index.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

function up(shape: readonly number[], ...values: number[]): DeviceTensor {
  return backend.upload({ dtype: "f32", shape, data: Float32Array.from(values) });
}

async function values(tensor: DeviceTensor): Promise<number[]> {
  return Array.from((await backend.read(tensor)).data);
}

it("linear", async () => {
  const output = backend.linear({
    input: up([1, 2], 1, 2),
    weight: up([3, 2], 1, 0, 0, 1, 3, 4),
    bias: up([3], 10, 20, -50),
    activation: "relu",
  });
  expect(output.shape).toEqual([1, 3]);
  expect(await values(output)).toEqual([11, 22, 0]);
});

it("linear with gate and residual, each batch row its own gate", async () => {
  const output = backend.linear({
    input: up([2, 1, 2], 1, 2, -3, 4),
    weight: up([2, 2], 1, 0, 0, 1),
    activation: "relu",
    gate: up([2, 2], 10, 100, 2, 3),
    residual: up([2, 1, 2], 0.5, 1, 7, 8),
  });
  expect(await values(output)).toEqual([10.5, 201, 7, 20]);
});

it("feedForward with the weights of each batch row", async () => {
  const output = backend.feedForward({
    input: up([2, 1, 1], 3, -2),
    inner: { weight: up([2, 2, 1], 1, -1, 2, -2), bias: up([2, 2], 1, 0, 0, 5) },
    activation: "relu",
    outer: { weight: up([2, 1, 2], 10, 7, 100, 1), bias: up([2, 1], 1, 2) },
    gate: up([2, 1], 2, 3),
    residual: up([2, 1, 1], 0.5, 0.25),
  });
  expect(output.shape).toEqual([2, 1, 1]);
  expect(await values(output)).toEqual([2 * 41 + 0.5, 3 * 11 + 0.25]);
});

it("feedForward with a softmax over each part, one channel left out", async () => {
  const output = backend.feedForward({
    input: up([1, 1, 1], Math.log(3)),
    inner: {
      weight: up([4, 1], 1, 0, 5, 0),
      bias: up([4], 0, 0, Number.NEGATIVE_INFINITY, 0),
    },
    activation: { softmaxGroups: 2 },
    outer: { weight: up([1, 4], 4, 8, 1000, 16) },
  });
  expect((await values(output))[0]).toBeCloseTo((4 * 3 + 8 * 1) / 4 + 16, 5);
});

it("linear with f16 and bf16 weights", async () => {
  const f16: Tensor = { dtype: "f16", shape: [1, 2], data: Uint16Array.of(0x3c00, 0xc000) };
  const bf16: Tensor = { dtype: "bf16", shape: [1, 2], data: Uint16Array.of(0x3f80, 0xc000) };
  const input = up([2], 5, 3);
  for (const weight of [f16, bf16]) {
    expect(await values(backend.linear({ input, weight: backend.upload(weight) }))).toEqual([-1]);
  }
});

it("conv2d with a border of zeros", async () => {
  const output = backend.conv2d({
    input: up([1, 1, 2, 2], 1, 2, 3, 4),
    weight: up([1, 1, 2, 2], 1, 10, 100, 1000),
    padding: [1, 0, 0, 1],
  });
  expect(output.shape).toEqual([1, 1, 2, 2]);
  expect(await values(output)).toEqual([2100, 200, 4321, 402]);
});

it("norms of a row whose mean and deviation are whole", async () => {
  const input = up([1, 2], 1, 5);
  expect(await values(backend.layerNorm({ input, epsilon: 0 }))).toEqual([-1, 1]);
  const rms = await values(backend.rmsNorm({ input: up([2], 3, -3), epsilon: 0 }));
  expect(rms).toEqual([1, -1]);
  const grouped = backend.groupNorm({ input: up([1, 4], 1, 5, 10, 20), groups: 2, epsilon: 0 });
  expect(await values(grouped)).toEqual([-1, 1, -1, 1]);
});

it("adaptive layer norm takes scale and shift of its batch row", async () => {
  const output = backend.layerNorm({
    input: up([2, 1, 2], 1, 5, 1, 5),
    scale: up([2, 2], 0, 1, 2, 3),
    shift: up([2, 2], 0, 0, 0, 100),
    epsilon: 0,
  });
  expect(await values(output)).toEqual([-1, 2, -3, 104]);
});

it("broadcasting", async () => {
  const sum = backend.add({ a: up([2, 1], 1, 2), b: up([3], 10, 20, 30) });
  expect(sum.shape).toEqual([2, 3]);
  expect(await values(sum)).toEqual([11, 21, 31, 12, 22, 32]);
  const product = backend.multiply({ a: up([], 2), b: up([2], 3, 4) });
  expect(await values(product)).toEqual([6, 8]);
});

it("addGated and combine", async () => {
  const gated = backend.addGated({
    residual: up([2, 1, 2], 1, 1, 1, 1),
    value: up([2, 1, 2], 1, 2, 3, 4),
    gate: up([2, 2], 1, 10, 100, 1000),
  });
  expect(await values(gated)).toEqual([2, 21, 301, 4001]);
  const terms = [
    { tensor: up([2], 1, 2), factor: 2 },
    { tensor: up([2], 10, 20), factor: -0.5 },
  ];
  expect(await values(backend.combine({ terms }))).toEqual([-3, -6]);
});

it("embedding, permute, concat, slice, upsample", async () => {
  const ids = backend.upload({ dtype: "i32", shape: [3], data: Int32Array.of(1, 0, 1) });
  const rows = backend.embedding({ table: up([2, 2], 1, 2, 3, 4), ids });
  expect(rows.shape).toEqual([3, 2]);
  expect(await values(rows)).toEqual([3, 4, 1, 2, 3, 4]);
  expect(await values(backend.permute({ input: rows, axes: [1, 0] }))).toEqual([3, 1, 3, 4, 2, 4]);
  const joined = backend.concat({ inputs: [rows, up([3, 1], 7, 8, 9)], axis: 1 });
  expect(await values(joined)).toEqual([3, 4, 7, 1, 2, 8, 3, 4, 9]);
  expect(await values(backend.slice({ input: joined, axis: 1, start: 1, end: 3 }))).toEqual([
    4, 7, 2, 8, 4, 9,
  ]);
  const large = backend.upsampleNearest2d({ input: up([1, 1, 1, 2], 1, 2), factor: 2 });
  expect(await values(large)).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
});

it("attention of equal keys is the mean of the values", async () => {
  const operands = backend.prepareAttention({
    query: up([1, 1, 2], 3, 4),
    key: up([1, 2, 2], 1, 1, 1, 1),
    value: up([1, 2, 2], 0, 10, 4, 20),
    heads: 1,
    headDim: 2,
    scale: 1,
  });
  const { output, logSumExp } = backend.attention({
    operands,
    rowScale: up([1, 1, 1], 3),
    residual: up([1, 1, 2], 100, 200),
    returnLogSumExp: true,
  });
  expect(await values(output)).toEqual([106, 245]);
  expect((await values(logSumExp!))[0]).toBeCloseTo(7 + Math.log(2), 6);
});

it("grouped heads share keys and values in runs", async () => {
  const operands = backend.prepareAttention({
    query: up([1, 1, 4], 1, 1, 1, 1),
    key: up([1, 1, 2], 1, 1),
    value: up([1, 1, 2], 5, 6),
    heads: 4,
    keyValueHeads: 2,
    headDim: 1,
  });
  expect(await values(backend.attention({ operands }).output)).toEqual([5, 5, 6, 6]);
});
