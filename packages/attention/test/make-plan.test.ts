import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReferenceBackend } from "@paroattn/backend";
import { imageLayout } from "@paroattn/reorder";
import { afterAll, describe, expect, it } from "vitest";
import {
  type AttentionStrategy,
  CalibrationError,
  type CalibrationOptions,
  type CalibrationProgress,
  denseAttention,
  encodePlan,
  makePlan,
  makePlans,
  type Plan,
  parsePlan,
} from "../src/index.js";
import { type FakeModel, generate } from "./fake-model.js";
import { plantAxisLocal } from "./planted.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

const layout = imageLayout({ height: 11, width: 23, textTokens: 20 });
const reaches = [{ width: 1 }, { height: 1 }];

function modelOf(prompt: number, changes: Partial<FakeModel> = {}): FakeModel {
  return {
    backend,
    layout,
    heads: 2,
    headDim: 16,
    timesteps: [900, 600, 300, 100],
    layers: [0, 1].map((layer) =>
      [0, 1].map((branch) =>
        plantAxisLocal({
          layout,
          reaches,
          headDim: 16,
          seed: 100 * prompt + 10 * layer + branch,
        }),
      ),
    ),
    ...changes,
  };
}

const models = [modelOf(1), modelOf(2)];
const options: CalibrationOptions & { density: number } = {
  density: 0.5,
  prompts: ["one", "two"],
  seeds: [1, 2],
  generate: async (strategy) => {
    for (const model of models) await generate(model, strategy);
  },
};

/** The same, one step long. */
const short = models.map((model) => ({ ...model, timesteps: [500] }));

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
      calibration: { prompts: ["one", "two"], seeds: [1, 2] },
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
        expect(report).toEqual({ strategy: "calibrate", density: 1 });
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

describe("makePlan refuses", () => {
  const refused = async (changes: Partial<typeof options>) =>
    makePlan({ ...options, ...changes }).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
  const never = () => Promise.reject(new Error("must not run"));

  it.each([
    ["a density over 1", { density: 1.5 }, /density in \(0, 1\] but found 1.5/],
    ["a density of NaN", { density: Number.NaN }, /density in \(0, 1\] but found NaN/],
    ["no prompt", { prompts: [], seeds: [] }, /at least one calibration prompt/],
    ["a seed too few", { seeds: [1] }, /2 seeds.* found 1/],
    ["a broken seed", { seeds: [1, 0.5] }, /whole numbers as seeds/],
    ["an alpha out of range", { alpha: -1 }, /alpha in \[0, 1\] but found -1/],
    ["a sigma out of range", { sigma: 2 }, /sigma/],
    ["an epsilon of 0", { epsilon: { c: 0 } }, /a positive epsilon but found 0/],
    ["no step to watch", { watchSteps: 0 }, /watchSteps/],
  ])("%s, before anything runs", async (_, changes, message) => {
    const error = await refused({ ...changes, generate: never });
    expect(CalibrationError.isInstance(error)).toBe(true);
    expect(error!.message).toMatch(message);
  });

  it("a density below what the text needs, before the first step", async () => {
    let attended = 0;
    const error = await refused({
      density: 0.1,
      generate: async (strategy) => {
        const counted = {
          ...models[0]!,
          backend: countCalls(backend, "attention", () => attended++),
        };
        await generate(counted, strategy);
      },
    });
    // Of 273 tokens 20 are text.
    expect(error!.message).toMatch(/density of at least 0\.1412.* but found 0\.1/);
    expect(attended).toBe(0);
  });

  it("forced orders of another model", async () => {
    const error = await refused({ forcedOrders: [["HW"]] });
    expect(error!.message).toMatch(/2 layers of 2 heads but found 1 layers of 1 heads/);
    const other = await refused({
      forcedOrders: [
        ["HW", "FHW"],
        ["HW", "HW"],
      ],
    });
    expect(other!.message).toMatch(/forcedOrders among HW, WH but found FHW/);
  });

  it("a generate that runs nothing", async () => {
    const error = await refused({ generate: async () => {} });
    expect(error!.message).toMatch(/generate to run the model.* but found no generation/);
  });

  it("a generation that stops early", async () => {
    const error = await refused({
      generate: async (strategy) => {
        await generate(
          { ...models[0]!, layers: models[0]!.layers.slice(0, 1) },
          {
            name: strategy.name,
            start: (generation) => strategy.start({ ...generation, layers: 2 }),
          },
        );
      },
    });
    expect(error!.message).toMatch(/every layer but found none in layer 1/);
  });

  it.each([
    ["size", { layout: imageLayout({ height: 23, width: 11, textTokens: 20 }) }, /layout/],
    ["weights", { fingerprint: "other" }, /fingerprint 0123456789abcdef.* found other/],
    ["schedule", { timesteps: [499] }, /the timesteps 500 in.* found 499/],
  ])("prompts drawn with another %s", async (_, changes, message) => {
    const error = await refused({
      generate: async (strategy) => {
        await generate(short[0]!, strategy);
        await generate({ ...short[1]!, ...changes }, strategy);
      },
    });
    expect(CalibrationError.isInstance(error)).toBe(true);
    expect(error!.message).toMatch(message);
  });

  it("a scratch folder that is not there", async () => {
    const error = await refused({
      memoryLimit: 0,
      scratchFolder: join(tmpdir(), "no", "such"),
      forcedOrders: "native",
    });
    expect(CalibrationError.isInstance(error)).toBe(true);
    expect(error!.message).toMatch(/keep block masses in .*such.* ENOENT/);
  });

  it("to go on when it is stopped", async () => {
    const stop = new AbortController();
    let sites = 0;
    const error = await refused({
      signal: stop.signal,
      onProgress: () => {
        sites++;
        if (sites === 20) stop.abort();
      },
    });
    expect(error!.name).toBe("AbortError");
    expect(sites).toBe(20);
  });
});

/** The backend, and every scope in it, with calls of one operator counted. */
function countCalls<T extends FakeModel["backend"]>(
  backend: T,
  operator: "attention" | "blockStatistics",
  count: () => void,
): T {
  return new Proxy(backend, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name === operator) count();
      if (name === "scope") return () => countCalls(target.scope(), operator, count);
      return value.bind(target);
    },
  });
}
