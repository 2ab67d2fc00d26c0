import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReferenceBackend } from "@paroattn/backend";
import { imageLayout } from "@paroattn/reorder";
import { afterAll, describe, expect, it } from "vitest";
import { relativeDifference } from "../src/ditfastattn/relative-difference.js";
import { SearchSteps } from "../src/ditfastattn/search-steps.js";
import { laterUse } from "../src/ditfastattn/sharing-method.js";
import {
  CalibrationError,
  ditFastAttention,
  type FindSharingPlanOptions,
  findSharingPlan,
  PlanError,
  parseSharingPlan,
  readSharingPlan,
  type SharingPlan,
  type SharingSearchProgress,
  writeSharingPlan,
} from "../src/index.js";
import { type FakeModel, generate } from "./fake-model.js";
import { plantAxisLocal } from "./planted.js";

const backend = createReferenceBackend();
const folder = await mkdtemp(join(tmpdir(), "sharing-plan-"));
afterAll(async () => {
  backend.dispose();
  await rm(folder, { recursive: true });
});

// Two blocks.
const layout = imageLayout({ height: 8, width: 12 });
const site = (seed: number) =>
  plantAxisLocal({ layout, reaches: [{ width: 1 }, { height: 2 }], headDim: 4, seed, peak: 3 });
const model: FakeModel = {
  backend,
  layout,
  heads: 2,
  headDim: 4,
  timesteps: [900, 600, 300, 100],
  layers: [
    [site(1), site(2)],
    [site(3), site(4)],
    [site(5), site(6)],
  ],
  drift: 0.05,
};
/** Its own block: with two of them a default window is everything. */
const window = { fraction: 1 / 96 };
const search = (options: Partial<FindSharingPlanOptions> = {}, of: FakeModel = model) =>
  findSharingPlan({
    prompts: ["a red circle"],
    seeds: [1],
    threshold: 0.5,
    window,
    generate: async (strategy) => {
      await generate(of, strategy);
    },
    ...options,
  });

describe("relativeDifference", () => {
  it("is worked out by hand", () => {
    expect(relativeDifference([1, 2], [1, 1])).toBeCloseTo(0.25, 6);
    expect(relativeDifference([1, 0], [-1, 0])).toBeCloseTo(1, 5);
    expect(relativeDifference([-4, -1], [-1, -1])).toBeCloseTo(0.375, 6);
  });
});

describe("laterUse", () => {
  it("is what later steps go by", () => {
    const methods = (["full", "shareStep", "window", "full", "window"] as const).map((m) => [m]);
    expect(methods.map((_, step) => laterUse(methods, { step, layer: 0 }))).toEqual([
      { output: true, residual: true },
      { output: false, residual: true },
      { output: false, residual: false },
      { output: false, residual: true },
      { output: false, residual: false },
    ]);
  });
});

describe("SearchSteps", () => {
  it("tries what saves most first, with what was chosen before and full attention behind", () => {
    const steps = new SearchSteps({ layers: 2, threshold: 0.4, found: [] });
    const methods = () => [steps.pass, steps.methodOf(0), steps.methodOf(1)];
    expect(methods()).toEqual(["keep", "full", "full"]);
    steps.next();
    expect(methods()).toEqual(["reference", "full", "full"]);
    steps.begin({ guided: true });
    expect(methods()).toEqual(["trial", "shareStep", "full"]);
    steps.judge(0.21);
    expect(methods()).toEqual(["trial", "windowShareGuidance", "full"]);
    steps.judge(0.2);
    expect(methods()).toEqual(["trial", "window", "full"]);
    // The first of two layers may spend half of the threshold.
    steps.judge(0.19);
    expect(methods()).toEqual(["trial", "window", "shareStep"]);
    for (const difference of [0.5, 0.45, 0.41]) steps.judge(difference);
    expect(methods()).toEqual(["trial", "window", "shareGuidance"]);
    steps.judge(0.4);
    expect(methods()).toEqual(["keep", "window", "full"]);
    steps.next();
    expect(steps.found).toEqual([
      ["full", "full"],
      ["window", "full"],
    ]);
    steps.begin({ guided: false });
    steps.judge(1);
    expect(methods()).toEqual(["trial", "window", "full"]);
    steps.judge(1);
    expect(methods()).toEqual(["trial", "full", "shareStep"]);
  });
});

describe("findSharingPlan", () => {
  it("finds what stays within the threshold, and runs by it", async () => {
    const progress: SharingSearchProgress[] = [];
    const found = await search({ onProgress: (of) => progress.push(of) });
    expect(found.methods[0]).toEqual(["full", "full", "full"]);
    const chosen = new Set(found.methods.flat());
    expect(chosen.size).toBeGreaterThan(1);
    expect(found).toMatchObject({
      architecture: "FakeTransformer2DModel",
      timesteps: model.timesteps,
      window,
      threshold: 0.5,
      calibration: { prompts: ["a red circle"], seeds: [1] },
    });
    expect(progress.at(-1)).toMatchObject({ step: 3, steps: 4, layer: 3, layers: 3 });
    expect(progress.map(({ forwards }) => forwards)).toEqual(progress.map((_, i) => i + 1));
    const { report } = await generate(model, ditFastAttention({ plan: found }));
    expect(report.density).toBeLessThan(1);
  });

  it("keeps everything full below what anything would change, and nothing where nothing changes", async () => {
    const strict = await search({ threshold: 1e-9 });
    expect(new Set(strict.methods.flat())).toEqual(new Set(["full"]));
    const still = await search({ threshold: 1e-9 }, { ...model, drift: 0 });
    expect(new Set(still.methods.slice(1).flat())).toEqual(new Set(["shareStep"]));
  });

  it("shares nothing between branches that are not there", async () => {
    const alone = { ...model, layers: [[site(1)], [site(3)]] };
    const found = await search({ threshold: 2 }, { ...alone, drift: 1 });
    expect(found.methods.flat().some((method) => method.endsWith("Guidance"))).toBe(false);
  });

  it("goes on where it was interrupted and comes to the same plan", async () => {
    const path = join(folder, "half.json");
    const whole = await search();
    const stopped = search({
      onStep: async (plan) => {
        await writeSharingPlan(path, plan);
        if (plan.methods.length === 3) throw new Error("stopped");
      },
    });
    await expect(stopped).rejects.toThrow("stopped");
    const resume = await readSharingPlan(path);
    expect(resume.methods).toEqual(whole.methods.slice(0, 3));
    const steps: number[] = [];
    const rest = await search({ resume, onStep: ({ methods }) => void steps.push(methods.length) });
    expect(rest).toEqual(whole);
    expect(steps).toEqual([4]);
    await expect(generate(model, ditFastAttention({ plan: resume }))).rejects.toThrow(
      "a finished plan of 4 steps but found 3",
    );
    for (const [changes, message] of [
      [{ threshold: 0.4 }, "of the same threshold, 0.4, but found 0.5"],
      [{ seeds: [2] }, "of the same calibration"],
      [{ window: { fraction: 0.5 } }, "of the same window"],
    ] as const) {
      await expect(search({ resume, ...changes })).rejects.toThrow(message);
    }
    const other = { ...model, fingerprint: "other" };
    await expect(search({ resume }, other)).rejects.toThrow("weights with fingerprint");
  });

  it.each<[Partial<FindSharingPlanOptions>, string]>([
    [{ prompts: [], seeds: [] }, "at least one calibration prompt but found none"],
    [{ seeds: [1, 2] }, "1 whole numbers as seeds"],
    [{ threshold: 0 }, "a positive threshold but found 0"],
    [{ generate: async () => {} }, "generate to run the model to its last step but found 0 steps"],
    [
      {
        generate: async (strategy) => {
          await generate(model, strategy);
          await generate(model, strategy);
        },
      },
      "in one generation but found two",
    ],
    [
      {
        generate: async (strategy) => {
          await generate({ ...model, asksStepDone: false }, strategy);
        },
      },
      "a runtime that tells the run when a step is done",
    ],
  ])("refuses %j", async (changes, message) => {
    const error = await search(changes).catch((error) => error);
    expect(CalibrationError.isInstance(error)).toBe(true);
    expect(error.message).toContain(message);
  });

  it("stops at a signal", async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    await expect(search({ signal: controller.signal, onProgress })).rejects.toThrow("enough");
  });
});

describe("a sharing plan's file", () => {
  const plan: SharingPlan = {
    architecture: "PixArtTransformer2DModel",
    weightsFingerprint: "00",
    layers: 2,
    heads: 3,
    layout,
    timesteps: [900, 100],
    window: { density: 0.5 },
    threshold: 0.05,
    methods: [
      ["full", "shareGuidance"],
      ["shareStep", "window"],
    ],
    calibration: { prompts: ["p"], seeds: [1], settings: { guidance: 4.5 } },
  };

  it("is read as it was written, a line a step", async () => {
    const path = join(folder, "plan.json");
    await writeSharingPlan(path, plan);
    expect(await readSharingPlan(path)).toEqual(plan);
    const lines = (await readFile(path, "utf8")).split("\n");
    expect(lines).toContain('    ["shareStep","window"]');
  });

  it("is refused with what is wrong and where", async () => {
    const path = join(folder, "broken.json");
    await writeSharingPlan(path, plan);
    const text = await readFile(path, "utf8");
    const found = (from: string, to: string) => {
      expect(text).toContain(from);
      try {
        parseSharingPlan(text.replace(from, to));
      } catch (error) {
        expect(PlanError.isInstance(error)).toBe(true);
        return (error as Error).message;
      }
      return "nothing";
    };
    expect(found("{", "")).toContain("a sharing plan in JSON but found other text");
    expect(found('"paroattn.sharing-plan"', '"other"')).toContain("format");
    expect(found('"version": "1"', '"version": "2"')).toContain("version");
    expect(found('["shareStep","window"]', '["shareSteps","window"]')).toContain("methods.1.0");
    expect(found('["shareStep","window"]', '["shareStep"]')).toContain(
      "expected 2 layers but found 1 at step 1",
    );
    expect(found('["shareStep","window"]', '["full","full"], ["full","full"]')).toContain(
      "expected methods for 2 steps but found 3",
    );
    expect(found('["full","shareGuidance"]', '["full","window"]')).toContain(
      "attention in full at step 0 but found window in layer 1",
    );
    expect(found('"density": 0.5', '"density": 1.5')).toContain("window");
    await writeFile(path, "[]");
    await expect(readSharingPlan(path)).rejects.toThrow(`in ${path}`);
    await expect(readSharingPlan(join(folder, "none.json"))).rejects.toThrow("none.json");
    await expect(
      writeSharingPlan(path, { ...plan, methods: [["window", "full"]] }),
    ).rejects.toThrow("at step 0");
  });
});
