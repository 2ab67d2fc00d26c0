import { imageLayout, videoLayout } from "@paroattn/reorder";
import { expect, it } from "vitest";
import {
  type AttentionOperands,
  checkLiveKeys,
  inferAttention,
  inferMask,
  inferPrepareAttention,
  type PrepareAttentionOptions,
} from "../../src/index.js";
import { fakeTensor as t } from "../support/fake-tensor.js";

const plain: PrepareAttentionOptions = {
  query: t([2, 70, 12]),
  key: t([2, 70, 12]),
  value: t([2, 70, 12]),
  heads: 3,
  headDim: 4,
};
const layout = imageLayout({ height: 8, width: 8, textTokens: 6 });
const table = t([70, 2]);

it("fills in the defaults", () => {
  const resolved = inferPrepareAttention(plain);
  expect(resolved).toMatchObject({
    batch: 2,
    queryTokens: 70,
    keyTokens: 70,
    heads: 3,
    keyValueHeads: 3,
    headDim: 4,
    dtype: "f32",
    scale: 0.5,
    orders: undefined,
    keyLengths: undefined,
    precision: { qk: "f32", pv: "f32" },
    queryBlocks: 2,
    keyBlocks: 2,
  });
  expect(Array.from(resolved.keyPartition.starts)).toEqual([0, 64, 70]);
});

it("cuts text and grid apart", () => {
  const { keyPartition } = inferPrepareAttention({ ...plain, layout });
  expect(Array.from(keyPartition.starts)).toEqual([0, 6, 70]);
});

const refusals: Readonly<Record<string, Partial<PrepareAttentionOptions>>> = {
  "query of shape [batch, tokens, 12], at least one token, but found [2, 70, 13]": {
    query: t([2, 70, 13]),
  },
  "key of shape [2, 70, 12] to match the batch of query but found [1, 70, 12]": {
    key: t([1, 70, 12]),
  },
  "value of shape [2, 70, 12] to match key but found [2, 69, 12]": { value: t([2, 69, 12]) },
  "key of dtype f32 to match query but found bf16": { key: t([2, 70, 12], "bf16") },
  "query of dtype f32, f16 or bf16 but found i8": { query: t([2, 70, 12], "i8") },
  "norm.queryWeight of dtype f32 but found bf16": {
    norm: { kind: "rms", epsilon: 0, queryWeight: t([4], "bf16") },
  },
  "keyValueHeads to be a divisor of 3 heads but found 2": { keyValueHeads: 2 },
  "keyLengths to be one per batch row, 2 but found 1": { keyLengths: [5] },
  "keyLengths[1] to be a whole number in 1..70 but found 71": { keyLengths: [1, 71] },
  "keyLengths[0] to be a whole number in 1..70 but found 0": { keyLengths: [0, 1] },
  "orders together with a layout but found no layout": { orders: ["HW", "HW", "HW"] },
  "orders to be one per head, 3 but found 1": { layout, orders: ["WH"] },
  "orders[2] to be one of HW, WH for the layout 6 text + 8x8 but found FHW": {
    layout,
    orders: ["WH", "HW", "FHW"],
  },
  "orders[0] to be one of FHW, FWH, HFW, HWF, WFH, WHF for the layout 2x5x7 but found HW": {
    layout: videoLayout({ frames: 2, height: 5, width: 7 }),
    orders: ["HW", "FHW", "FHW"],
  },
  "layout of 70 query tokens and 70 key tokens but found 8x8 of 64 tokens": {
    layout: imageLayout({ height: 8, width: 8 }),
  },
  "scale to be a finite number but found NaN": { scale: Number.NaN },
  "norm.kind to be rms or layer but found batch": {
    norm: { kind: "batch" as "rms", epsilon: 0 },
  },
  "norm.queryBias to be left out of an rms norm but found [4]": {
    norm: { kind: "rms", epsilon: 0, queryBias: t([4]) },
  },
  "norm.keyWeight of shape [4] but found [12]": {
    norm: { kind: "layer", epsilon: 0, keyWeight: t([12]) },
  },
  "rope.cos of shape [70, 2] for [tokens, headDim / 2] but found [70, 4]": {
    rope: { cos: t([70, 4]), sin: table, pairing: "half" },
  },
  "rope.pairing to be interleaved or half but found split": {
    rope: { cos: table, sin: table, pairing: "split" as "half" },
  },
  "rope only with as many keys as queries but found 70 and 9": {
    key: t([2, 9, 12]),
    value: t([2, 9, 12]),
    rope: { cos: table, sin: table, pairing: "half" },
  },
};

it.each(Object.entries(refusals))("refuses: expected %s", (message, more) => {
  expect(() => inferPrepareAttention({ ...plain, ...more })).toThrow(
    `prepareAttention: expected ${message}`,
  );
});

const operands: AttentionOperands = {
  batch: 2,
  heads: 3,
  headDim: 4,
  dtype: "f32",
  queryTokens: 70,
  keyTokens: 9,
  queryBlocks: 2,
  keyBlocks: 1,
  dispose() {},
  [Symbol.dispose]() {},
};

it("infers the shapes of attention", () => {
  expect(inferAttention({ operands, bias: t([3, 70, 9]) })).toEqual({
    output: [2, 70, 12],
    logSumExp: [2, 3, 70],
  });
});

it("refuses what does not match the operands", () => {
  expect(() => inferAttention({ operands, bias: t([3, 9, 70]) })).toThrow(
    "attention: expected bias of shape [3, 70, 9] but found [3, 9, 70]",
  );
  const halves = { ...operands, dtype: "f16" } as const;
  expect(() => inferAttention({ operands: halves, residual: t([2, 70, 12]) })).toThrow(
    "attention: expected residual of dtype f16 to match the operands but found f32",
  );
  expect(() => inferAttention({ operands: halves, rowScale: t([2, 3, 70], "f16") })).toThrow(
    "attention: expected rowScale of dtype f32 but found f16",
  );
  const mask = { ...operands, batch: 3 };
  expect(() => inferAttention({ operands, mask })).toThrow(
    "attention: expected mask.batch to be 1 or 2 but found 3",
  );
  expect(() => inferAttention({ operands, mask: { ...operands, queryBlocks: 5 } })).toThrow(
    "attention: expected mask of [heads, queryBlocks, keyBlocks] [3, 2, 1] to match the operands but found [3, 5, 1]",
  );
});

const sizes = { heads: 1, queryBlocks: 2, keyBlocks: 2 };

it("copies masks and refuses empty rows and wrong sizes", () => {
  const bits = Uint8Array.of(0b0110);
  const resolved = inferMask({ ...sizes, bits });
  bits.fill(0);
  expect(resolved.masks[0]!.bits[0]).toBe(0b0110);
  expect(() => inferMask({ ...sizes, bits: Uint8Array.of(0b0011) })).toThrow(
    "prepareMask: expected mask to have a live key block for every query block but found none for head 0, query block 1",
  );
  expect(() => inferMask({ ...sizes, bits: new Uint8Array(2) })).toThrow("to be 1 bytes");
  const full = { ...sizes, bits: Uint8Array.of(15) };
  expect(() => inferMask([full, { ...full, heads: 2, bits: Uint8Array.of(15, 15) }])).toThrow(
    "prepareMask: expected mask[1] of 1 heads to match mask[0] but found 2",
  );
  expect(() => inferMask([])).toThrow("prepareMask: expected mask to be at least one");
});

it("finds the rows that key lengths leave without a key, under any order", () => {
  const single = { ...plain, heads: 1, headDim: 12 };
  // Keys 0..63 are block 0 and 64..69 block 1; only block 1 is live for query block 0.
  const mask = inferMask({ ...sizes, bits: Uint8Array.of(0b0110) });
  const check = (more: Partial<PrepareAttentionOptions>) => () =>
    checkLiveKeys({ mask, operands: inferPrepareAttention({ ...single, ...more }) });
  expect(check({ keyLengths: [70, 65] })).not.toThrow();
  expect(check({ keyLengths: [70, 64] })).toThrow(
    "attention: expected mask to leave every query one of the 64 valid keys of batch row 1 but found none for head 0, query block 0",
  );
  // In the order WH of a 10x7 grid the last six keys are column 6 of rows 4 to 9, the first of them token 34.
  const grid = { layout: imageLayout({ height: 10, width: 7 }), orders: ["WH"] as const };
  expect(check({ ...grid, keyLengths: [70, 35] })).not.toThrow();
  expect(check({ ...grid, keyLengths: [70, 34] })).toThrow("batch row 1");
});
