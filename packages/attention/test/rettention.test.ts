import { createReferenceBackend } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { gatherIndices, partitionLayout, tokenCount, videoLayout } from "@paroattn/reorder";
import { afterAll, describe, expect, it } from "vitest";
import {
  attentionResidual,
  denominatorRatio,
  denseAttention,
  type RettentionOptions,
  rampedRatio,
  rettention,
  ScheduleError,
  StrategyError,
  windowAttention,
  windowMask,
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

// One block of text and 5 of video, the last one short, of 70 places each frame.
const layout = videoLayout({ frames: 4, height: 7, width: 10, textTokens: 9 });
const [heads, headDim] = [2, 8];
const site = (seed: number) =>
  plantAxisLocal({ layout, reaches: [{ width: 2 }, { frames: 1 }], headDim, seed, peak: 3 });
const model: FakeModel = {
  backend,
  layout,
  heads,
  headDim,
  timesteps: [900, 700, 500, 300, 100],
  layers: [[site(1), site(2)], [site(3)]],
  drift: 0.1,
};
const window = { fraction: 0.2 };
const schedule = { warmUp: 1, refresh: { every: 3 } };
const options: RettentionOptions = { window, schedule };
const steps = (of: Awaited<ReturnType<typeof generate>>, ...chosen: number[]) => ({
  ...of,
  outputs: chosen.map((step) => of.outputs[step]!),
});
const executed = windowMask({ layout, heads, width: window }).density;

describe("rettention", () => {
  it("answers dense in its warm-up and at a refresh, and computes its window between", async () => {
    const dense = await generate(model, denseAttention());
    const { report, ...found } = await generate(model, rettention(options));
    // d r s s r
    expect(found.outputs[0]).toEqual(dense.outputs[0]);
    const refreshes = [1, 4] as const;
    expect(
      relativeError(steps({ report, ...found }, ...refreshes), steps(dense, ...refreshes)),
    ).toBeLessThan(1e-6);
    expect(report.density).toBeCloseTo((1 + 2 * (1 + executed) + 2 * executed) / 5, 12);
    expect(report).toMatchObject({ strategy: "rettention", denseShare: 3 / 5 });
    expect(executed).toBeLessThan(0.7);
  });

  it.each([
    [false, 0.04],
    [true, 0.3],
    [false, 0.3],
  ])(
    "answers ratio * window + residual as written out in float64; strict: %s, lambda %d",
    async (strict, lambda) => {
      const found = await generate(model, rettention({ ...options, strict, lambda }));
      for (const step of [2, 3]) {
        for (const [layer, branches] of model.layers.entries()) {
          const expected = branches.flatMap((planted) => [
            ...writtenOut(planted, { step, refresh: 1, lambda, strict }),
          ]);
          const output = found.outputs[step]![layer]!;
          const error = Math.hypot(...expected.map((value, index) => value - output[index]!));
          expect(error / Math.hypot(...expected)).toBeLessThan(1e-6);
        }
      }
    },
  );

  it("equals dense where nothing drifts, whatever the window, at the first sparse step", async () => {
    const still = { ...model, drift: 0 };
    const dense = await generate(still, denseAttention());
    const found = await generate(still, rettention(options));
    expect(relativeError(steps(found, 2), steps(dense, 2))).toBeLessThan(1e-6);
    const plain = await generate(still, windowAttention({ window, schedule }));
    expect(relativeError(steps(plain, 2), steps(dense, 2))).toBeGreaterThan(0.05);
  });

  it("equals dense with a window of everything", async () => {
    const dense = await generate(model, denseAttention());
    const full = { window: { density: 1 }, schedule };
    for (const strategy of [rettention(full), windowAttention(full)]) {
      const found = await generate(model, strategy);
      expect(relativeError(found, dense)).toBeLessThan(1e-6);
    }
  });

  it("beats its control, the window alone, where values drift a little", async () => {
    const dense = await generate(model, denseAttention());
    const found = await generate(model, rettention(options));
    const plain = await generate(model, windowAttention({ window, schedule }));
    expect(relativeError(found, dense)).toBeLessThan(relativeError(plain, dense) / 2);
    expect(plain.report.density).toBeCloseTo((3 + 2 * executed) / 5, 12);
  });

  it.each([
    ["bf16", 2 ** -8, 0.5],
    ["int8", 2 ** -6, 0.5],
  ] as const)("keeps residuals in %s in fewer bytes", async (residual, tolerance, share) => {
    const exact = await generate(model, rettention(options));
    const compact = await generate(model, rettention({ ...options, residual }));
    const error = relativeError(compact, exact);
    expect(error).toBeGreaterThan(1e-5);
    expect(error).toBeLessThan(tolerance);
    const tokens = tokenCount(layout);
    const perRow = 4 * tokens * heads;
    const maskBytes = windowMask({ layout, heads, width: window }).mask.bits.byteLength;
    expect(exact.report.cacheBytes).toBe(3 * perRow * (1 + headDim) + maskBytes);
    const ofResiduals = compact.report.cacheBytes - 3 * perRow - maskBytes;
    // In int8, of heads this thin, the scales are as large as the codes.
    expect(ofResiduals / (3 * perRow * headDim)).toBeCloseTo(share, 2);
  });

  it("gives the same result in a row and at once, and does not mix guidance branches", async () => {
    const strategy = rettention(options);
    const other = { ...model, layers: [[site(4), site(5)], [site(6)]] };
    const first = await generate(model, strategy);
    const [second, , third] = await Promise.all([
      generate(model, strategy),
      generate(other, strategy),
      generate(model, strategy),
    ]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const apart = await generate({ ...model, branchesApart: true }, strategy);
    expect(apart.outputs).toEqual(first.outputs);
  });

  it("is the same on the CPU backend", async () => {
    const reference = await generate(model, rettention(options));
    const native = await generate({ ...model, backend: cpu }, rettention(options));
    expect(relativeError(native, reference)).toBeLessThan(1e-5);
    expect(native.report.cacheBytes).toBe(reference.report.cacheBytes);
  });

  it("frees what it kept", async () => {
    const counted = countTensors(backend);
    await generate({ ...model, backend: counted.backend }, rettention(options));
    expect(counted.left()).toBe(0);
  });
});

describe("rettention is refused before the first step", () => {
  const start = (asked: RettentionOptions, changes: Partial<FakeModel> = {}) =>
    generate({ ...model, ...changes }, rettention(asked));

  it.each([
    [{ schedule: { warmUp: 6 } }, "Expected a warm-up of 0 to 5 steps"],
    [{ schedule: { refresh: [9] } }, "Expected refresh steps from 0 to 4 but found 9"],
    [{ schedule: { warmUp: 2 } }, "a refresh before the first sparse step but found none before"],
  ])("for the schedule of %j", async (asked, message) => {
    const error = await start(asked).catch((error) => error);
    expect(ScheduleError.isInstance(error)).toBe(true);
    expect(error.message).toContain(message);
  });

  it("for a window that keeps nothing, and a model of too few tokens", async () => {
    const small = videoLayout({ frames: 2, height: 4, width: 5 });
    for (const [asked, changes, message] of [
      [{ window: { density: 0.01 } }, {}, "which its own place and the text take"],
      [{ window: { fraction: 0 } }, {}, "a window of a fraction from 1 / 70"],
      [{}, { layout: small }, "at least 2 blocks of visual tokens (more than 64 tokens)"],
    ] as const) {
      const error = await start(asked, changes).catch((error) => error);
      expect(StrategyError.isInstance(error)).toBe(true);
      expect(error.message).toContain(message);
    }
    expect(() => rettention({ residual: "fp16" as "bf16" })).toThrow(
      "Expected residuals in f32, bf16 or int8 but found fp16",
    );
    expect(() => rettention({ lambda: -1 })).toThrow("Expected a lambda from 0 to 1 but found -1");
  });
});

/** What a sparse step answers for one batch row, from the definitions, in float64: [tokens, heads * headDim]. */
function writtenOut(
  planted: Planted,
  at: { step: number; refresh: number; lambda: number; strict: boolean },
): Float64Array {
  const { mask, order } = windowMask({ layout, heads, width: window });
  const { starts, blocks } = partitionLayout(layout);
  const source = gatherIndices(layout, order);
  const blockOf = new Uint32Array(source.length);
  for (let block = 0; block < blocks; block++) {
    for (let i = starts[block]!; i < starts[block + 1]!; i++) blockOf[source[i]!] = block;
  }
  const tokens = source.length;
  const output = new Float64Array(tokens * heads * headDim);
  const drift = (step: number) => 1 + 0.1 * step;
  for (let head = 0; head < heads; head++) {
    const attend = (keeps: (query: number, key: number) => boolean) => {
      const sums = new Float64Array(tokens * headDim);
      const logs: number[] = [];
      for (let query = 0; query < tokens; query++) {
        const dot = (key: number) => {
          let sum = 0;
          for (let c = 0; c < headDim; c++) {
            sum += at2(planted.query, query, head, c) * at2(planted.key, key, head, c);
          }
          return sum / Math.sqrt(headDim);
        };
        let total = 0;
        for (let key = 0; key < tokens; key++) {
          if (!keeps(blockOf[query]!, blockOf[key]!)) continue;
          const weight = Math.exp(dot(key));
          total += weight;
          for (let c = 0; c < headDim; c++) {
            sums[query * headDim + c]! += weight * at2(planted.value, key, head, c);
          }
        }
        for (let c = 0; c < headDim; c++) sums[query * headDim + c]! /= total;
        logs.push(Math.log(total));
      }
      return { sums, logs };
    };
    const all = attend(() => true);
    const kept = attend((query, key) => mask.get(head, query, key));
    const ratio = denominatorRatio({ kept: kept.logs, all: all.logs });
    // Only the values drift, so that both outputs grow alike.
    const then = (sums: Float64Array, step: number) => sums.map((value) => value * drift(step));
    const residual = attentionResidual({
      full: then(all.sums, at.refresh),
      kept: then(kept.sums, at.refresh),
      ratio,
    });
    const ramped = rampedRatio(ratio, { ...at, sparseStep: at.step - at.refresh - 1 });
    const now = then(kept.sums, at.step);
    for (let i = 0; i < now.length; i++) {
      const [token, c] = [Math.floor(i / headDim), i % headDim];
      output[(token * heads + head) * headDim + c] = ramped[token]! * now[i]! + residual[i]!;
    }
  }
  return output;
}

function at2(data: Float32Array, token: number, head: number, channel: number): number {
  return data[(token * heads + head) * headDim + channel]!;
}
