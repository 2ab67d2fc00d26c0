import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageLayout } from "@paroattn/reorder";
import { afterAll, describe, expect, it } from "vitest";
import { CalibrationError, makePlan } from "../src/index.js";
import { backend, countCalls, models, options, short } from "./calibrated-models.js";
import { generate } from "./fake-model.js";

afterAll(() => backend.dispose());

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
    ["no bucket of their own", { ownBuckets: 0 }, /positive integer for ownBuckets but found 0/],
    [
      "buckets where all steps share one",
      { share: "all" as const, ownBuckets: 2 },
      /no ownBuckets.* 2/,
    ],
    ["a share of text over 1", { textOnlyShare: 1.5 }, /textOnlyShare in \(0, 1\] or "off".* 1.5/],
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
    // Of 273 tokens 20 are text, and the shortest of four visual blocks has 61.
    expect(error!.message).toMatch(/density of at least 0\.3482.* but found 0\.1/);
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
