import { createReferenceBackend } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { tokenCount, videoLayout } from "@paroattn/reorder";
import { afterAll, describe, expect, it } from "vitest";
import {
  type DitFastAttentionOptions,
  denseAttention,
  ditFastAttention,
  PlanError,
  type SharingMethod,
  type SharingPlan,
  windowAttention,
  windowMask,
} from "../src/index.js";
import { countTensors } from "./count-tensors.js";
import { type FakeModel, generate, relativeError } from "./fake-model.js";
import { plantAxisLocal } from "./planted.js";

const backend = createReferenceBackend();
const cpu = createCpuBackend({ threads: 2 });
afterAll(() => {
  backend.dispose();
  cpu.dispose();
});

// One block of text and 3 of video, the last one short, of 42 places each frame.
const layout = videoLayout({ frames: 4, height: 6, width: 7, textTokens: 9 });
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
const plan = (...methods: (readonly SharingMethod[])[]): SharingPlan => ({
  architecture: "FakeTransformer2DModel",
  weightsFingerprint: "0123456789abcdef",
  layers: 2,
  heads,
  layout,
  timesteps: model.timesteps,
  window,
  threshold: 0.05,
  methods,
  calibration: { prompts: ["a red circle"], seeds: [1] },
});
const both = (...methods: SharingMethod[]) => plan(...methods.map((method) => [method, method]));
const executed = windowMask({ layout, heads, width: window }).density;
const dense = generate(model, denseAttention());
/** The window alone, at every step. */
const windows = generate(model, windowAttention({ window, schedule: {} }));
/** Of two rows, the second in place of the first. */
const secondTwice = (rows: Float32Array) => {
  const half = rows.subarray(rows.length / 2);
  return Float32Array.from([...half, ...half]);
};
const apart = (found: Float32Array, expected: ArrayLike<number>) => {
  const error = Math.hypot(...found.map((value, i) => value - expected[i]!));
  return error / Math.hypot(...Array.from(expected));
};

describe("ditFastAttention", () => {
  it("equals dense bit by bit with a plan that is full", async () => {
    const found = await generate(
      model,
      ditFastAttention({ plan: both("full", "full", "full", "full", "full") }),
    );
    expect(found.outputs).toEqual((await dense).outputs);
    const maskBytes = windowMask({ layout, heads, width: window }).mask.bits.byteLength;
    expect(found.report).toMatchObject({
      strategy: "ditfastattn",
      density: 1,
      denseShare: 1,
      cacheBytes: maskBytes,
    });
  });

  it("adds to a window what it missed when attention was last full", async () => {
    const found = await generate(
      model,
      ditFastAttention({ plan: both("full", "full", "window", "window", "full") }),
    );
    const [all, kept] = [(await dense).outputs, (await windows).outputs];
    expect(found.outputs[0]).toEqual(all[0]);
    for (const step of [2, 3]) {
      for (const layer of [0, 1]) {
        const expected = kept[step]![layer]!.map(
          (value, i) => value + all[1]![layer]![i]! - kept[1]![layer]![i]!,
        );
        expect(apart(found.outputs[step]![layer]!, expected)).toBeLessThan(1e-6);
        expect(apart(found.outputs[step]![layer]!, all[step]![layer]!)).toBeGreaterThan(1e-3);
      }
    }
    // The window is computed at step 1 as well, for what it misses.
    expect(found.report.density).toBeCloseTo((3 + 3 * executed) / 5, 12);
    expect(found.report.denseShare).toBe(3 / 5);
  });

  it("answers for both branches with the conditional one, computed in full or in a window", async () => {
    const found = await generate(
      model,
      ditFastAttention({
        plan: both("full", "shareGuidance", "windowShareGuidance", "full", "shareGuidance"),
      }),
    );
    const [all, kept] = [(await dense).outputs, (await windows).outputs];
    expect(apart(found.outputs[1]![0]!, secondTwice(all[1]![0]!))).toBeLessThan(1e-6);
    expect(found.outputs[4]![0]).toEqual(secondTwice(all[4]![0]!));
    // Without guidance there is one branch, and nothing to share.
    expect(found.outputs[4]![1]).toEqual(all[4]![1]);
    const missed = kept[2]![0]!.map((value, i) => value + all[1]![0]![i]! - kept[1]![0]![i]!);
    expect(apart(found.outputs[2]![0]!, secondTwice(missed))).toBeLessThan(1e-6);
    const guided = 1 + 0.5 * (1 + executed) + 0.5 * executed + 1 + 0.5;
    const alone = 1 + (1 + executed) + executed + 1 + 1;
    expect(found.report.density).toBeCloseTo((guided + alone) / 10, 12);
  });

  it("shares nothing between branches that are computed apart", async () => {
    const methods = both("full", "shareGuidance", "full", "full", "shareGuidance");
    const found = await generate(
      { ...model, branchesApart: true },
      ditFastAttention({ plan: methods }),
    );
    expect(found.outputs).toEqual((await dense).outputs);
  });

  it("answers with the last output, and keeps what is needed no longer than that", async () => {
    const methods = plan(
      ["full", "full"],
      ["shareStep", "full"],
      ["shareStep", "full"],
      ["full", "full"],
      ["full", "full"],
    );
    const found = await generate(model, ditFastAttention({ plan: methods }));
    const all = (await dense).outputs;
    expect(found.outputs.map((layers) => layers[0])).toEqual(
      [0, 0, 0, 3, 4].map((step) => all[step]![0]),
    );
    expect(found.report.density).toBeCloseTo(8 / 10, 12);
    const maskBytes = windowMask({ layout, heads, width: window }).mask.bits.byteLength;
    expect(found.report.cacheBytes).toBe(2 * tokenCount(layout) * heads * headDim * 4 + maskBytes);
  });

  it("goes by a schedule without a plan", async () => {
    const schedule = { warmUp: 1, refresh: { every: 3 }, reuse: [3] };
    const found = await generate(model, ditFastAttention({ window, schedule }));
    const same = await generate(
      model,
      ditFastAttention({ plan: both("full", "full", "window", "shareStep", "full") }),
    );
    expect(found.outputs).toEqual(same.outputs);
    expect(found.report).toEqual(same.report);
    const still = { ...model, drift: 0 };
    const exact = await generate(still, ditFastAttention({ window, schedule: { warmUp: 1 } }));
    expect(relativeError(exact, await generate(still, denseAttention()))).toBeLessThan(1e-6);
  });

  it("equals dense with a window of everything", async () => {
    const all = ditFastAttention({ window: { density: 1 }, schedule: { warmUp: 1 } });
    expect(relativeError(await generate(model, all), await dense)).toBeLessThan(1e-6);
  });

  it("gives the same result in a row and at once, on both backends, and frees what it kept", async () => {
    const methods = plan(
      ["full", "shareGuidance"],
      ["window", "full"],
      ["shareStep", "window"],
      ["windowShareGuidance", "shareStep"],
      ["shareGuidance", "window"],
    );
    const strategy = ditFastAttention({ plan: methods });
    const other = { ...model, layers: [[site(4), site(5)], [site(6)]] };
    const first = await generate(model, strategy);
    const counted = countTensors(backend);
    const [second, , third] = await Promise.all([
      generate(model, strategy),
      generate(other, strategy),
      generate({ ...model, backend: counted.backend }, strategy),
    ]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(counted.left()).toBe(0);
    const native = await generate({ ...model, backend: cpu }, strategy);
    expect(relativeError(native, first)).toBeLessThan(1e-5);
    expect(native.report.cacheBytes).toBe(first.report.cacheBytes);
  });

  it("warns of other weights and runs", async () => {
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    const methods = both("full", "full", "full", "full", "full");
    await generate(
      { ...model, fingerprint: "fedcba9876543210", warn },
      ditFastAttention({ plan: methods }),
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("calibrated on other weights");
  });
});

describe("ditFastAttention is refused before the first step", () => {
  const full = both("full", "full", "full", "full", "full");
  it.each([
    ["another model", { ...full, architecture: "Other" }, 'architecture "Other"'],
    ["another size", { ...full, layout: videoLayout({ ...layout, width: 8 }) }, "9 text + 4x6x8"],
    ["other timesteps", { ...full, timesteps: [900, 700, 500, 300, 50] }, "300, 50 but found 5:"],
    ["fewer steps", both("full", "full"), "a finished plan of 5 steps but found 2"],
    [
      "a first step without anything to share",
      both("shareStep", "full", "full", "full", "full"),
      "attention in full at step 0 but found shareStep in layer 0",
    ],
  ])("for a plan of %s", async (_, asked, message) => {
    const error = await generate(model, ditFastAttention({ plan: asked })).catch((error) => error);
    expect(PlanError.isInstance(error)).toBe(true);
    expect(error.message).toContain(message);
  });

  it.each<[DitFastAttentionOptions, string]>([
    [{ schedule: { warmUp: 6 } }, "Expected a warm-up of 0 to 5 steps"],
    [{ schedule: {} }, "a dense step before the first window"],
    [{ window: { density: 0.01 } }, "which its own place and the text take"],
  ])("for %j", async (asked, message) => {
    await expect(generate(model, ditFastAttention(asked))).rejects.toThrow(message);
  });
});
