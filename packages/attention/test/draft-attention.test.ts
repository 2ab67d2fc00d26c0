import { createReferenceBackend } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import {
  gatherIndices,
  imageLayout,
  partitionLayout,
  tokenCount,
  videoLayout,
} from "@paroattn/reorder";
import { tensor, toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { blockMeans, poolingMatrix } from "../src/draft/block-means.js";
import { draftMasses } from "../src/draft/draft-masses.js";
import {
  type DraftAttentionOptions,
  denseAttention,
  draftAttention,
  StrategyError,
} from "../src/index.js";
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
const tokens = tokenCount(layout);
const [heads, headDim] = [2, 8];
const site = (seed: number) =>
  plantAxisLocal({ layout, reaches: [{ frames: 0.5 }, { width: 1 }], headDim, seed, peak: 8 });
const model: FakeModel = {
  backend,
  layout,
  heads,
  headDim,
  timesteps: [900, 500, 100],
  layers: [[site(1), site(2)], [site(3)]],
  drift: 0.1,
};
const schedule = { warmUp: 1 };
const options: DraftAttentionOptions = { density: 0.6, schedule };

describe("blockMeans", () => {
  it.each(["FHW", "WHF"] as const)("are the means of each visual block in %s", async (order) => {
    using scope = backend.scope();
    const data = Float32Array.from({ length: 2 * tokens * 3 }, (_, i) => Math.sin(i * i));
    const input = scope.upload(tensor({ dtype: "f32", shape: [2, tokens, 3], data }));
    const pooling = scope.upload(poolingMatrix(layout, order));
    const means = await scope.read(blockMeans(scope, input, pooling));
    expect(means.shape).toEqual([2, 3, 4]);
    const { starts } = partitionLayout(layout);
    const source = gatherIndices(layout, order);
    const found = toFloat32(means);
    for (let row = 0; row < 2; row++) {
      for (let channel = 0; channel < 3; channel++) {
        for (let block = 0; block < 4; block++) {
          const members = source.subarray(starts[block + 1], starts[block + 2]);
          let sum = 0;
          for (const at of members) sum += data[(row * tokens + at) * 3 + channel]!;
          expect(found[(row * 3 + channel) * 4 + block]).toBeCloseTo(sum / members.length, 5);
        }
      }
    }
  });
});

describe("draftMasses", () => {
  it("are the softmax of the drafts' products, worked out by hand", () => {
    const partition = partitionLayout(
      videoLayout({ frames: 2, height: 8, width: 8, textTokens: 1 }),
    );
    // Two heads of one channel, two blocks: head 1 has q = (1, 2) and k = (0, ln 3).
    const drafts = {
      query: Float32Array.of(9, 9, 1, 2),
      key: Float32Array.of(9, 9, 0, Math.log(3)),
    };
    const masses = draftMasses(drafts, { head: 1, headDim: 1, partition });
    const expected = [0, 0, 0, 0, 1 / 4, 3 / 4, 0, 1 / 10, 9 / 10];
    expect(masses).toHaveLength(9);
    for (const [index, mass] of expected.entries()) expect(masses[index]).toBeCloseTo(mass, 6);
  });
});

describe("draftAttention", () => {
  it("computes each head's heaviest blocks of the draft, at most its density", async () => {
    const dense = await generate(model, denseAttention());
    const found = await generate(model, draftAttention(options));
    expect(found.outputs[0]).toEqual(dense.outputs[0]);
    for (const [layer, rows] of model.layers.entries()) {
      const expected = rows.flatMap((planted) => [...writtenOut(planted, 1.1)]);
      const output = found.outputs[1]![layer]!;
      const error = Math.hypot(...expected.map((value, i) => value - output[i]!));
      expect(error / Math.hypot(...expected)).toBeLessThan(1e-5);
    }
    expect(found.report).toMatchObject({
      strategy: "draft",
      denseShare: 1 / 3,
      cacheBytes: 4 * tokens * 4,
    });
    const sparse = (3 * found.report.density - 1) / 2;
    expect(sparse).toBeLessThanOrEqual(0.6);
    expect(sparse).toBeGreaterThan(0.5);
  });

  it("equals dense with all of the density", async () => {
    const dense = await generate(model, denseAttention());
    const all = await generate(model, draftAttention({ density: 1, schedule }));
    expect(relativeError(all, dense)).toBeLessThan(1e-6);
    expect(all.report.density).toBe(1);
  });

  it("gives the same result in a row, at once and apart, on both backends, and frees what it kept", async () => {
    const strategy = draftAttention(options);
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

  it.each([
    [{ density: 0.1 }, {}, "which the text and one visual key block per visual query block need"],
    [{ density: 1.1 }, {}, "to 1 but found 1.1"],
    [{}, { layout: imageLayout({ height: 8, width: 8 }) }, "at least 2 blocks of visual tokens"],
  ])("is refused before the first step for %j of %j", async (asked, changes, message) => {
    const error = await generate({ ...model, ...changes }, draftAttention(asked)).catch((e) => e);
    expect(StrategyError.isInstance(error)).toBe(true);
    expect(error.message).toContain(message);
  });

  it("is refused for a schedule longer than the run", async () => {
    const running = generate(model, draftAttention({ schedule: { warmUp: 4 } }));
    await expect(running).rejects.toThrow("Expected a warm-up of 0 to 3 steps");
  });
});

/** One batch row of a sparse step from the definitions, in float64, with values times `factor`: [tokens, heads * headDim]. */
function writtenOut(planted: Planted, factor: number): Float64Array {
  const { starts, blocks } = partitionLayout(layout);
  const width = heads * headDim;
  const output = new Float64Array(tokens * width);
  const blockOf = Uint32Array.from(
    { length: tokens },
    (_, token) => [...starts].filter((start) => start <= token).length - 1,
  );
  const length = (block: number) => starts[block + 1]! - starts[block]!;
  for (let head = 0; head < heads; head++) {
    const at = (of: Float32Array, token: number, c: number) =>
      of[token * width + head * headDim + c]!;
    const mean = (of: Float32Array, block: number) =>
      Array.from({ length: headDim }, (_, c) => {
        let sum = 0;
        for (let token = starts[block]!; token < starts[block + 1]!; token++) {
          sum += at(of, token, c);
        }
        return sum / length(block);
      });
    const visual = Array.from({ length: blocks - 1 }, (_, index) => index + 1);
    const scored = visual.flatMap((query) => {
      const q = mean(planted.query, query);
      const weights = visual.map((key) => {
        const k = mean(planted.key, key);
        return Math.exp(q.reduce((sum, value, c) => sum + value * k[c]!, 0) / Math.sqrt(headDim));
      });
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return visual.map((key, index) => ({ query, key, mass: weights[index]! / total }));
    });
    const live = new Set<number>();
    let pairs = 0;
    const keep = (query: number, key: number) => {
      if (live.has(query * blocks + key)) return;
      live.add(query * blocks + key);
      pairs += length(query) * length(key);
    };
    for (let block = 0; block < blocks; block++) {
      keep(0, block);
      keep(block, 0);
    }
    scored.sort((a, b) => b.mass - a.mass);
    for (const query of visual) keep(query, scored.find((one) => one.query === query)!.key);
    for (const { query, key } of scored) {
      const more = live.has(query * blocks + key) ? 0 : length(query) * length(key);
      if (pairs + more > 0.6 * tokens ** 2) break;
      keep(query, key);
    }
    for (let query = 0; query < tokens; query++) {
      let total = 0;
      const sums = new Float64Array(headDim);
      for (let key = 0; key < tokens; key++) {
        if (!live.has(blockOf[query]! * blocks + blockOf[key]!)) continue;
        let dot = 0;
        for (let c = 0; c < headDim; c++)
          dot += at(planted.query, query, c) * at(planted.key, key, c);
        const weight = Math.exp(dot / Math.sqrt(headDim));
        total += weight;
        for (let c = 0; c < headDim; c++) sums[c]! += weight * at(planted.value, key, c);
      }
      for (let c = 0; c < headDim; c++) {
        output[query * width + head * headDim + c] = (factor * sums[c]!) / total;
      }
    }
  }
  return output;
}
