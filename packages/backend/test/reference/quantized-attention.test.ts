import { QUANTIZATIONS, quantizationName } from "@paroattn/quant";
import { imageLayout } from "@paroattn/reorder";
import { BlockMask } from "@paroattn/sparse-masks";
import { tensor } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import {
  type AttentionOptions,
  type AttentionPrecision,
  createReferenceBackend,
  type PrepareAttentionOptions,
} from "../../src/index.js";
import { integerAttention } from "../support/integer-attention.js";
import { wave } from "../support/wave.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

const headDim = 4;
const tokens = 150;
const sides = {
  query: wave([1, tokens, headDim], 1),
  key: wave([1, tokens, headDim], 2),
  value: wave([1, tokens, headDim], 3),
};

/** One head over the waves, unless the changes say otherwise. */
async function attend(
  precision: AttentionPrecision,
  changes: Partial<Record<"query" | "key" | "value", Float32Array>> & {
    readonly prepare?: Partial<PrepareAttentionOptions>;
    readonly attention?: Partial<AttentionOptions>;
  } = {},
) {
  const upload = (name: keyof typeof sides) =>
    backend.upload({ ...sides[name], data: changes[name] ?? sides[name].data });
  const operands = backend.prepareAttention({
    query: upload("query"),
    key: upload("key"),
    value: upload("value"),
    heads: 1,
    headDim,
    precision,
    ...changes.prepare,
  });
  const { output, logSumExp } = backend.attention({
    operands,
    returnLogSumExp: true,
    ...changes.attention,
  });
  return {
    output: (await backend.read(output)).data as Float32Array,
    logSumExp: (await backend.read(logSumExp!)).data as Float32Array,
  };
}

function rows(data: Float32Array): number[][] {
  return Array.from({ length: data.length / headDim }, (_, i) =>
    Array.from(data.subarray(i * headDim, (i + 1) * headDim)),
  );
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe("attention in codes is the written-out integer sums", () => {
  const variants = QUANTIZATIONS.map((one) => {
    const { bits, ...choices } = one;
    const type = bits === 8 ? ("int8" as const) : ("int4" as const);
    return [quantizationName(one), { qk: type, pv: type, ...choices, keySmoothing: true }] as const;
  });
  it.each([
    ...variants,
    ["without smoothing", { ...variants[0]![1], keySmoothing: false }] as const,
    ["int4 with int8 values", { ...variants[0]![1], qk: "int4" as const }] as const,
  ])("%s", async (_, precision) => {
    const { query, key, value } = sides;
    const expected = integerAttention(
      { query: rows(query.data), key: rows(key.data), value: rows(value.data) },
      precision,
      1 / Math.sqrt(headDim),
    );
    const actual = await attend(precision);
    expect(largestDifference(actual.output, expected.output.flat())).toBeLessThan(1e-7);
    expect(largestDifference(actual.logSumExp, expected.logSumExp)).toBeLessThan(1e-6);
    // Coarser than what it stands for, so that the comparison above says something.
    const full = await attend({ qk: "f32", pv: "f32" });
    const error = largestDifference(actual.output, full.output);
    expect(error).toBeGreaterThan(1e-4);
    expect(error).toBeLessThan(precision.pv === "int4" || precision.qk === "int4" ? 0.2 : 0.02);
  });
});

it("keeps constant values where the denominator sums codes", async () => {
  const value = new Float32Array(tokens * headDim).map((_, i) => [3, -0.5, 7, 1][i % 4]!);
  for (const bits of ["int8", "int4"] as const) {
    for (const valueScale of ["channelBlock", "rank1"] as const) {
      const precision = { qk: bits, pv: bits, probabilityGroup: "tileRow", valueScale } as const;
      const { output } = await attend(precision, { value });
      // rank1 divides each channel by its own constant, so that all codes are the largest.
      expect(largestDifference(output, value)).toBeLessThan(4e-6);
    }
  }
});

describe("key smoothing", () => {
  const offset = [8, -4, 0.5, 2];
  const key = sides.key.data.map((x) => Math.round(1024 * x) / 1024);
  const moved = key.map((x, i) => x + offset[i % headDim]!);

  it("sees no offset that all keys share, and tells it in the log-sum-exp", async () => {
    const plain = await attend({ qk: "int8", pv: "int8" }, { key });
    const shifted = await attend({ qk: "int8", pv: "int8" }, { key: moved });
    expect(largestDifference(shifted.output, plain.output)).toBeLessThan(1e-6);
    const shifts = rows(sides.query.data).map((row) =>
      row.reduce((sum, x, c) => sum + x * offset[c]!, 0),
    );
    const expected = plain.logSumExp.map((total, i) => total + shifts[i]! / Math.sqrt(headDim));
    expect(largestDifference(shifted.logSumExp, expected)).toBeLessThan(1e-5);
  });

  it("can be left out, which costs codes", async () => {
    const far = key.map((x, i) => x + 8 * offset[i % headDim]!);
    const full = await attend({ qk: "f32", pv: "f32" }, { key: far });
    const error = async (keySmoothing: boolean) => {
      const { output } = await attend({ qk: "int8", pv: "f32", keySmoothing }, { key: far });
      return largestDifference(output, full.output);
    };
    expect(await error(false)).toBeGreaterThan(3 * (await error(true)));
  });

  it("averages valid keys only", async () => {
    const length = 70;
    const spoiled = key.map((x, i) => (i < length * headDim ? x : 1e9));
    const precision = { qk: "int8", pv: "int8" } as const;
    const prepare = { keyLengths: [length] };
    const clean = await attend(precision, { key, prepare });
    const { output, logSumExp } = await attend(precision, {
      key: spoiled,
      value: spoiled,
      prepare,
    });
    expect(logSumExp).toEqual(clean.logSumExp);
    const values = await attend(precision, { key, value: spoiled, prepare });
    expect(output).toEqual(values.output);
  });
});

describe("a mask and its complement", () => {
  const size = { heads: 1, queryBlocks: 3, keyBlocks: 3 };
  const first = BlockMask.empty(size);
  const others = BlockMask.full(size);
  for (let block = 0; block < 3; block++) {
    first.set(0, block, (block + 1) % 3);
    others.set(0, block, (block + 1) % 3, false);
  }
  const half = (precision: AttentionPrecision, mask: BlockMask) =>
    attend(precision, { attention: { mask: backend.prepareMask(mask) } });

  it.each([
    ["int8-qk", { qk: "int8", pv: "f32" }, 1e-6],
    ["int8", { qk: "int8", pv: "int8" }, 0.02],
    ["int8 tileRow", { qk: "int8", pv: "int8", probabilityGroup: "tileRow" }, 1e-6],
    ["int8 row", { qk: "int8", pv: "int8", probabilityGroup: "row" }, 0.02],
  ] as const)("merge by log-sum-exp: %s", async (_, precision, tolerance) => {
    const whole = await attend(precision);
    const [a, b] = [await half(precision, first), await half(precision, others)];
    const logSumExp = a.logSumExp.map((x, i) => Math.log(Math.exp(x) + Math.exp(b.logSumExp[i]!)));
    const merged = a.output.map((x, i) => {
      const row = Math.floor(i / headDim);
      const weight = Math.exp(a.logSumExp[row]! - logSumExp[row]!);
      return weight * x + (1 - weight) * b.output[i]!;
    });
    expect(largestDifference(logSumExp, whole.logSumExp)).toBeLessThan(1e-6);
    expect(largestDifference(merged, whole.output)).toBeLessThan(tolerance);
  });
});

it("cuts groups in the head's order", async () => {
  const layout = imageLayout({ height: 10, width: 15 });
  const at = async (order: "HW" | "WH") => {
    const prepare = { layout, orders: [order] };
    return (await attend({ qk: "int8", pv: "int8" }, { prepare })).output;
  };
  const error = largestDifference(await at("HW"), await at("WH"));
  expect(error).toBeGreaterThan(1e-4);
  expect(error).toBeLessThan(0.02);
});

it("adds the bias to the logits, and serves block statistics with the keys' shift", async () => {
  const precision = { qk: "int8", pv: "int8" } as const;
  const bias = wave([1, tokens, tokens], 4);
  const biased = await attend(precision, { attention: { bias: backend.upload(bias) } });
  const full = await attend(
    { qk: "f32", pv: "f32" },
    { attention: { bias: backend.upload(bias) } },
  );
  const plain = await attend(precision);
  expect(largestDifference(biased.output, full.output)).toBeLessThan(0.02);
  expect(largestDifference(biased.output, plain.output)).toBeGreaterThan(0.05);

  const key = backend.upload({ ...sides.key, data: sides.key.data.map((x) => x + 5) });
  const query = backend.upload(sides.query);
  const operands = backend.prepareAttention({
    query,
    key,
    value: key,
    heads: 1,
    headDim,
    precision,
  });
  const { logSumExp } = backend.attention({ operands, returnLogSumExp: true });
  const { sum } = backend.blockStatistics({ operands, logSumExp: logSumExp!, epsilon: 1e-3 });
  const sums = (await backend.read(sum)).data as Float32Array;
  const perQueryBlock = [0, 3, 6].map((at) => sums[at]! + sums[at + 1]! + sums[at + 2]!);
  expect(largestDifference(perQueryBlock, [64, 64, 22])).toBeLessThan(1e-3);
});

it("refuses what has no code", async () => {
  const query = backend.upload(
    tensor({ dtype: "f32", shape: [1, 2, 1], data: Float32Array.of(1, Number.NaN) }),
  );
  const operands = backend.prepareAttention({
    ...{ query, key: query, value: query, heads: 1, headDim: 1 },
    precision: { qk: "int8", pv: "int8" },
  });
  await expect(backend.read(backend.attention({ operands }).output)).rejects.toThrow(
    "prepareAttention: Expected magnitudes up to 2^127",
  );
});
