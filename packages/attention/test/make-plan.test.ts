import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  type AttentionStrategy,
  type CalibrationProgress,
  denseAttention,
  encodePlan,
  makePlan,
  makePlans,
  type Plan,
  parsePlan,
} from "../src/index.js";
import { backend, countCalls, layout, models, options, short } from "./calibrated-models.js";
import { type FakeModel, generate } from "./fake-model.js";

afterAll(() => backend.dispose());

let made: Promise<Plan> | undefined;
/** The plan of `options`, made once. */
function calibrated(): Promise<Plan> {
  made ??= makePlan(options);
  return made;
}

describe("makePlan", () => {
  it("describes what it calibrated, in a plan that a file can hold", async () => {
    const plan = await makePlan({ ...options, packages: { "@paroattn/kernels-cpu": "1.2.3" } });
    expect(plan).toMatchObject({
      architecture: "FakeTransformer2DModel",
      weightsFingerprint: "0123456789abcdef",
      layers: 2,
      heads: 2,
      layout,
      blockSize: 64,
      // A bucket for each step of the first half, one for the rest; cut midway.
      buckets: { boundaries: [750, 450], steps: [1, 1, 2] },
      // Each head gets the order that its reach asks for, in both layers.
      orders: [
        ["WH", "HW"],
        ["WH", "HW"],
      ],
      precision: { qk: "f32", pv: "f32" },
      scoring: { orders: "chosen", alpha: 0.5, sigma: 0.9, epsilon: 1e-3 },
      calibration: { prompts: ["one", "two"], seeds: [1, 2], settings: { guidance: 3 } },
      packages: { "@paroattn/kernels-cpu": "1.2.3" },
    });
    expect(plan.density.asked).toBe(0.5);
    expect(Math.abs(plan.density.met - 0.5)).toBeLessThan(0.02);
    const again = await calibrated();
    expect({ ...again, packages: plan.packages }).toEqual(plan);
    expect(plan.packages).toHaveProperty("@paroattn/attention");
    expect(plan.packages).toHaveProperty("@paroattn/sparse-masks");
    expect(await parsePlan(encodePlan(plan))).toEqual(plan);
  });

  it("answers dense while it watches", async () => {
    const dense = await generate(short[0]!, denseAttention());
    const seen: unknown[] = [];
    await makePlan({
      ...options,
      generate: async (strategy) => {
        const { outputs, report } = await generate(short[0]!, strategy);
        expect(report).toMatchObject({ strategy: "calibrate", density: 1 });
        seen.push(outputs);
      },
    });
    expect(seen[0]).toEqual(dense.outputs);
    // The second pass attends in the chosen orders: the same sums in another order.
    (seen[1] as Float32Array[][]).forEach((row, step) => {
      row.forEach((output, layer) => {
        const expected = dense.outputs[step]![layer]!;
        output.forEach((value, i) => {
          if (Math.abs(value - expected[i]!) > 1e-5) expect(value).toBeCloseTo(expected[i]!, 5);
        });
      });
    });
  });

  it("gives the same plan again, from generations at once, and from a scratch file", async () => {
    const plan = await calibrated();
    const scratchFolder = await mkdtemp(join(tmpdir(), "masses-"));
    const again = await makePlan({
      ...options,
      memoryLimit: 0,
      scratchFolder,
      generate: async (strategy) => {
        await Promise.all(models.map((model) => generate(model, strategy)));
        if (process.platform !== "win32") expect(await readdir(scratchFolder)).toEqual([]);
      },
    });
    expect(again.orders).toEqual(plan.orders);
    expect(again.masks).toEqual(plan.masks);
    await rm(scratchFolder, { recursive: true });
  });

  it("gives one plan per density from the same two passes", async () => {
    let passes = 0;
    const counted = async (strategy: AttentionStrategy) => {
      passes++;
      await options.generate(strategy);
    };
    const plans = await makePlans({ ...options, generate: counted, densities: [0.6, 0.5] });
    expect(passes).toBe(2);
    expect(plans.map(({ density }) => density.asked)).toEqual([0.6, 0.5]);
    expect(plans[1]).toEqual(await calibrated());
    expect(plans[0]!.density.met).toBeGreaterThan(plans[1]!.density.met);
  });

  it("takes orders from the caller and then needs one pass", async () => {
    let passes = 0;
    const counted = async (strategy: AttentionStrategy) => {
      passes++;
      await options.generate(strategy);
    };
    const native = await makePlan({ ...options, generate: counted, forcedOrders: "native" });
    expect(native.orders).toEqual([
      ["HW", "HW"],
      ["HW", "HW"],
    ]);
    expect(native.scoring.orders).toBe("forced");
    const chosen = await calibrated();
    const forced = await makePlan({ ...options, generate: counted, forcedOrders: chosen.orders });
    expect(forced.masks).toEqual(chosen.masks);
    expect(passes).toBe(2);
  });

  it("may look at some steps only", async () => {
    let statistics = 0;
    const counting = (model: FakeModel): FakeModel => ({
      ...model,
      backend: countCalls(model.backend, "blockStatistics", () => statistics++),
    });
    const few = await makePlan({
      ...options,
      watchSteps: 2,
      generate: (strategy) => generate(counting(models[0]!), strategy).then(() => {}),
    });
    // First pass: 2 steps x 2 layers x 2 orders; second pass: 4 steps x 2 layers.
    expect(statistics).toBe(8 + 8);
    expect(few.orders[0]).toEqual(["WH", "HW"]);
  });

  it("tells how far it is", async () => {
    const told: CalibrationProgress[] = [];
    await makePlan({ ...options, onProgress: (progress) => told.push(progress) });
    expect(told.length).toBe(2 * 2 * 4 * 2);
    expect(told.map(({ pass }) => pass)).toEqual([...Array(16).fill(1), ...Array(16).fill(2)]);
    expect(told[0]).toEqual({ pass: 1, passes: 2, fraction: 1 / 16 });
    expect(told[15]!.fraction).toBe(1);
    expect(
      told.slice(0, 16).every(({ fraction }, i) => i === 0 || fraction > told[i - 1]!.fraction),
    ).toBe(true);
  });

  it("resolves an epsilon that shrinks with the sequence", async () => {
    const plan = await makePlan({
      ...options,
      epsilon: { c: 0.5 },
      generate: (strategy) => generate(short[0]!, strategy).then(() => {}),
    });
    expect(plan.scoring.epsilon).toBeCloseTo(0.5 / (11 * 23 + 20), 12);
  });
});
