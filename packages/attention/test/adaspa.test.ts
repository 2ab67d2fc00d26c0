import { createReferenceBackend } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { imageLayout, partitionLayout, tokenCount, videoLayout } from "@paroattn/reorder";
import { tensor, toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { adaptedMask } from "../src/adaspa/head-adaptive.js";
import { type AdaSpaOptions, adaSpa, denseAttention, StrategyError } from "../src/index.js";
import { keyBlocksPerRow } from "../src/masks/uniform-keys.js";
import { countTensors } from "./count-tensors.js";
import { type FakeModel, generate, relativeError } from "./fake-model.js";
import { type Planted, plantAxisLocal } from "./planted.js";

const backend = createReferenceBackend();
const cpu = createCpuBackend({ threads: 2 });
afterAll(() => {
  backend.dispose();
  cpu.dispose();
});

// One block of text and 4 of video, the last one short.
const layout = videoLayout({ frames: 4, height: 5, width: 11, textTokens: 9 });
const partition = partitionLayout(layout);
const tokens = tokenCount(layout);
const [heads, headDim] = [2, 8];
const site = (seed: number) =>
  plantAxisLocal({ layout, reaches: [{ frames: 0.5 }, { width: 1 }], headDim, seed, peak: 8 });
const model: FakeModel = {
  backend,
  layout,
  heads,
  headDim,
  timesteps: [900, 700, 500, 300, 100],
  layers: [[site(1), site(2)], [site(3)]],
  drift: 0.1,
};
const schedule = { warmUp: 1, refresh: [1, 3] };
const options: AdaSpaOptions = { density: 0.6, schedule };

describe("adaptedMask", () => {
  // A block of text and 4 of video, all whole.
  const even = partitionLayout(videoLayout({ frames: 4, height: 8, width: 8, textTokens: 64 }));
  /** Rows of tenths, the first one the text's. */
  const head = (...rows: string[]) =>
    ["22222", ...rows].flatMap((row) => [...row].map((digit) => Number(digit) / 10));
  const live = (
    masses: readonly number[],
    at: { heads: number; keys: number; headAdaptive: boolean },
  ) => {
    const { mask, density } = adaptedMask({
      masses: Float32Array.from(masses),
      partition: even,
      ...at,
    });
    const rows = Array.from({ length: at.heads }, (_, head) =>
      Array.from({ length: 5 }, (_, query) =>
        Array.from({ length: 5 }, (_, key) => (mask.get(head, query, key) ? 1 : 0)).join(""),
      ),
    );
    return { rows, density };
  };
  const sharp = head("09100", "00910", "00091", "01009");
  const flat = head("03322", "12323", "02233", "13222");

  it("keeps the heaviest key blocks of each row and all of the text, worked out by hand", () => {
    const { rows, density } = live(sharp, { heads: 1, keys: 2, headAdaptive: true });
    expect(rows).toEqual([["11111", "11100", "10110", "10011", "11001"]]);
    expect(density).toBeCloseTo((9 + 8) / 25, 12);
  });

  it("moves half of the blocks of a head that keeps most to the one that keeps least", () => {
    const both = { heads: 2, keys: 2 };
    const uniform = live([...flat, ...sharp], { ...both, headAdaptive: false });
    expect(uniform.rows).toEqual([
      ["11111", "11100", "10101", "10011", "11100"],
      ["11111", "11100", "10110", "10011", "11001"],
    ]);
    const adapted = live([...flat, ...sharp], { ...both, headAdaptive: true });
    expect(adapted.rows).toEqual([
      ["11111", "11110", "11101", "11011", "11110"],
      ["11111", "11000", "10100", "10010", "10001"],
    ]);
    expect(adapted.density).toBeCloseTo(uniform.density, 12);
  });

  it("leaves budgets as they are where no head has blocks to give, or none could go", () => {
    const at = { heads: 2, keys: 2 };
    const poor = [...flat, ...flat];
    expect(live(poor, { ...at, headAdaptive: true })).toEqual(
      live(poor, { ...at, headAdaptive: false }),
    );
    const one = live([...flat, ...sharp], { heads: 2, keys: 1, headAdaptive: true });
    expect(one).toEqual(live([...flat, ...sharp], { heads: 2, keys: 1, headAdaptive: false }));
  });
});

describe("keyBlocksPerRow", () => {
  it("is what a density leaves beside the text", () => {
    const even = partitionLayout(videoLayout({ frames: 4, height: 8, width: 8, textTokens: 64 }));
    // 9 of 25 blocks are the text's, and each key block of all rows is 4.
    expect(keyBlocksPerRow(even, 13 / 25)).toBe(1);
    expect(keyBlocksPerRow(even, 0.67)).toBe(1);
    expect(keyBlocksPerRow(even, 17 / 25)).toBe(2);
    expect(keyBlocksPerRow(even, 1)).toBe(4);
    expect(keyBlocksPerRow(partition, 1)).toBe(4);
    expect(() => keyBlocksPerRow(even, 0.5)).toThrow("a density from 0.5200");
  });
});

describe("adaSpa", () => {
  it("answers dense at the first search, and by the blocks' masses after it", async () => {
    const dense = await generate(model, denseAttention());
    const { outputs, report } = await generate(model, adaSpa(options));
    expect(outputs[0]).toEqual(dense.outputs[0]);
    const first = (of: readonly (readonly Float32Array[])[]) => ({ outputs: [of[1]!], report });
    expect(relativeError(first(outputs), first(dense.outputs))).toBeLessThan(1e-6);
    let sum = 0;
    for (const [layer, rows] of model.layers.entries()) {
      for (const [row, planted] of rows.entries()) {
        for (const step of [2, 3, 4]) {
          const { output, density } = await expectedOf(planted, 1 + 0.1 * step);
          const size = output.length;
          const part = outputs[step]![layer]!.subarray(row * size, (row + 1) * size);
          const error = Math.hypot(...part.map((value, i) => value - output[i]!));
          expect(error / Math.hypot(...output)).toBeLessThan(1e-5);
          sum += density / rows.length;
        }
      }
    }
    // d r s r s of two layers; a later search is one pass more.
    expect(report.density).toBeCloseTo((2 * 1 + 2 * 2 + sum + 2 * 1) / 10, 6);
    expect(report).toMatchObject({ strategy: "adaspa", denseShare: 2 / 5 });
    const perRow = 4 * tokens * heads + heads * Math.ceil(partition.blocks ** 2 / 8);
    expect(report.cacheBytes).toBe(3 * perRow);
  });

  it("equals dense with all of the density", async () => {
    const dense = await generate(model, denseAttention());
    const all = await generate(model, adaSpa({ ...options, density: 1 }));
    expect(relativeError(all, dense)).toBeLessThan(1e-6);
  });

  it("gives the same result in a row, at once and apart, on both backends, and frees what it kept", async () => {
    const strategy = adaSpa(options);
    const first = await generate(model, strategy);
    const counted = countTensors(backend);
    const [second, , third] = await Promise.all([
      generate(model, strategy),
      generate({ ...model, layers: [[site(4)], [site(5)]] }, strategy),
      generate({ ...model, backend: counted.backend }, strategy),
    ]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(counted.left()).toBe(0);
    const apart = await generate({ ...model, branchesApart: true }, strategy);
    expect(apart.outputs).toEqual(first.outputs);
    const native = await generate({ ...model, backend: cpu }, strategy);
    expect(relativeError(native, first)).toBeLessThan(1e-5);
  });

  it("searches at a fifth and at three fifths of a run unless it is told otherwise", async () => {
    const { report } = await generate(model, adaSpa({ density: 1 }));
    // d r s r s.
    expect(report.density).toBeCloseTo((1 + 2 + 1 + 2 + 1) / 5, 6);
  });

  it.each([
    [{ density: 0.1 }, {}, "which the text and one visual key block per visual query block need"],
    [{}, { layout: imageLayout({ height: 8, width: 8 }) }, "at least 2 blocks of visual tokens"],
  ])("is refused before the first step for %j of %j", async (asked, changes, message) => {
    const error = await generate({ ...model, ...changes }, adaSpa(asked)).catch((e) => e);
    expect(StrategyError.isInstance(error)).toBe(true);
    expect(error.message).toContain(message);
  });

  it.each([
    [{ warmUp: 6 }, "Expected a warm-up of 0 to 5 steps"],
    [{ warmUp: 2 }, "a refresh before the first sparse step but found none before step 2"],
  ])("is refused for the schedule %j", async (schedule, message) => {
    const running = generate(model, adaSpa({ density: 0.6, schedule }));
    await expect(running).rejects.toThrow(message);
  });
});

/** One batch row with the mask of its own softmax map, made with all keys at once; values times `factor`. */
async function expectedOf(planted: Planted, factor: number) {
  const { blocks, starts } = partition;
  const masses = new Float32Array(heads * blocks * blocks);
  const width = heads * headDim;
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < tokens; query++) {
      const entries = Float64Array.from({ length: tokens }, (_, key) => {
        let dot = 0;
        for (let c = head * headDim; c < (head + 1) * headDim; c++) {
          dot += planted.query[query * width + c]! * planted.key[key * width + c]!;
        }
        return Math.exp(dot / Math.sqrt(headDim));
      });
      const total = entries.reduce((sum, entry) => sum + entry, 0);
      const blockOf = (token: number) => [...starts].filter((start) => start <= token).length - 1;
      for (let key = 0; key < tokens; key++) {
        const block = (head * blocks + blockOf(query)) * blocks + blockOf(key);
        masses[block]! += entries[key]! / total;
      }
    }
  }
  const keys = keyBlocksPerRow(partition, 0.6);
  const { mask, density } = adaptedMask({ masses, heads, partition, keys, headAdaptive: true });
  using scope = backend.scope();
  const upload = (data: Float32Array) =>
    scope.upload(tensor({ dtype: "f32", shape: [1, tokens, width], data }));
  const operands = scope.prepareAttention({
    query: upload(planted.query),
    key: upload(planted.key),
    value: upload(planted.value.map((value) => factor * value)),
    layout,
    heads,
    headDim,
  });
  const { output } = scope.attention({ operands, mask: scope.prepareMask(mask) });
  return { output: toFloat32(await scope.read(output)), density };
}
