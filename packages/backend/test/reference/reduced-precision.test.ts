import { fromFloat32, type Tensor, toFloat32 } from "@paroattn/tensor";
import { afterAll, expect, it } from "vitest";
import { createReferenceBackend } from "../../src/index.js";
import { wave } from "../support/wave.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

function as<D extends "f16" | "bf16">(dtype: D, tensor: Tensor<"f32">): Tensor<D> {
  return fromFloat32({ data: tensor.data, shape: tensor.shape, dtype });
}

async function attend(
  sides: { readonly query: Tensor; readonly key: Tensor; readonly value: Tensor },
  precision?: { qk: "f32" | "f16" | "bf16"; pv: "f32" | "f16" | "bf16" },
) {
  const operands = backend.prepareAttention({
    query: backend.upload(sides.query),
    key: backend.upload(sides.key),
    value: backend.upload(sides.value),
    heads: 2,
    headDim: 4,
    ...(precision && { precision }),
  });
  const { output, logSumExp } = backend.attention({ operands, returnLogSumExp: true });
  return {
    operands,
    output: await backend.read(output),
    logSumExp: await backend.read(logSumExp!),
  };
}

const sides = { query: wave([1, 5, 8], 0), key: wave([1, 5, 8], 1), value: wave([1, 5, 8], 2) };

it.each(["f16", "bf16"] as const)(
  "%s attention is f32 attention of rounded operands",
  async (dtype) => {
    const reduced = await attend(sides, { qk: dtype, pv: dtype });
    const roundedSides = {
      query: as(dtype, sides.query),
      key: as(dtype, sides.key),
      value: as(dtype, sides.value),
    };
    const exact = await attend({
      query: { ...sides.query, data: toFloat32(roundedSides.query) },
      key: { ...sides.key, data: toFloat32(roundedSides.key) },
      value: { ...sides.value, data: toFloat32(roundedSides.value) },
    });
    expect(reduced.output).toEqual(exact.output);
    expect(reduced.logSumExp).toEqual(exact.logSumExp);
    expect(reduced.output.data).not.toEqual((await attend(sides)).output.data);

    const stored = await attend(roundedSides, { qk: dtype, pv: dtype });
    expect(stored.operands.dtype).toBe(dtype);
    expect(stored.logSumExp).toEqual(exact.logSumExp);
    expect(stored.output).toEqual(as(dtype, exact.output as Tensor<"f32">));
  },
);

it("rounds the two products' operands each to its own type", async () => {
  const [mixed, qk, pv] = await Promise.all([
    attend(sides, { qk: "bf16", pv: "f16" }),
    attend(
      { ...sides, value: { ...sides.value, data: toFloat32(as("f16", sides.value)) } },
      {
        qk: "bf16",
        pv: "f32",
      },
    ),
    attend(sides, { qk: "f16", pv: "f16" }),
  ]);
  expect(mixed.output).toEqual(qk.output);
  expect(mixed.output).not.toEqual(pv.output);
});

it("rounds after the norm, not before", async () => {
  const query = wave([1, 1, 4], 0.3);
  const norm = { kind: "rms", epsilon: 0 } as const;
  const operands = backend.prepareAttention({
    query: backend.upload(query),
    key: backend.upload(query),
    value: backend.upload(query),
    heads: 1,
    headDim: 4,
    scale: 1,
    norm,
    precision: { qk: "bf16", pv: "bf16" },
  });
  const { logSumExp } = backend.attention({ operands, returnLogSumExp: true });
  const root = Math.sqrt(query.data.reduce((sum, x) => sum + x * x, 0) / 4);
  const normed = toFloat32(as("bf16", { ...query, data: query.data.map((x) => x / root) }));
  const logit = normed.reduce((sum, x) => sum + x * x, 0);
  expect((await backend.read(logSumExp!)).data[0]).toBe(Math.fround(logit));
});

it("keeps the dtype of activations, and rounds once", async () => {
  // 1 + (2^-8 + 2^-15) lies just above the middle between 1 and the next bf16.
  const residual = backend.upload(as("bf16", wave([1, 1, 1], 0, { amplitude: 0 })));
  const one = backend.upload({ dtype: "bf16", shape: [1, 1, 1], data: Uint16Array.of(0x3f80) });
  const factor = { dtype: "bf16", shape: [1, 1], data: Uint16Array.of(0x3b81) } as const;
  const sum = backend.addGated({ residual: one, value: one, gate: backend.upload(factor) });
  expect(await backend.read(sum)).toEqual({
    dtype: "bf16",
    shape: [1, 1, 1],
    data: Uint16Array.of(0x3f81),
  });
  const kept = backend.permute({ input: residual, axes: [2, 1, 0] });
  expect(kept.dtype).toBe("bf16");
  expect((await backend.read(kept)).dtype).toBe("bf16");
});
