import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { denseSteps } from "../src/strategies/dense-steps.js";
import { STRATEGY_NAMES, type StrategyName, strategyEntry } from "../src/strategies/registry.js";
import { UsageError } from "../src/terminal/run-command.js";

const video = { steps: 50, frames: 49 };
const image = { steps: 20, frames: 1 };
const all = STRATEGY_NAMES;

describe("the dense steps of a comparison", () => {
  it("are the same for all, and few, where nobody names any", () => {
    for (const [run, dense] of [
      [image, 3],
      [video, 5],
      [{ steps: 3, frames: 1 }, 2],
    ] as const) {
      const steps = denseSteps({ kind: "common", given: undefined, strategies: all, run });
      for (const name of all) expect(steps.scheduleOf(name)).toEqual(steps.scheduleOf("reuse"));
      expect(steps.runDensity("reuse", 0)).toBeCloseTo(dense / run.steps, 4);
    }
  });

  it("are none where no strategy needs any, and those that are given wherever they are", () => {
    const strategies = ["dense", "paro", "paro-native"] as const;
    const none = denseSteps({ kind: "common", given: undefined, strategies, run: image });
    expect(none.sparseDensity("paro", 0.3)).toBe(0.3);
    const given = { warmUp: 4, refresh: [10] };
    const some = denseSteps({ kind: "common", given, strategies, run: image });
    expect(some.scheduleOf("paro")).toEqual(given);
    expect(some.sparseDensity("paro", 0.5)).toBeCloseTo((10 - 5) / 15, 4);
  });

  it("are each paper's own where that is asked for", () => {
    const of = (run: typeof image) =>
      denseSteps({ kind: "paper", given: undefined, strategies: all, run });
    expect(of(image).scheduleOf("rettention")).toEqual({ warmUp: 5, refresh: { every: 5 } });
    expect(of(video).scheduleOf("reuse")).toEqual({ warmUp: 15, refresh: { every: 5 } });
    expect(of(image).scheduleOf("paro")).toEqual({});
    // 8 of 20 and 22 of 50.
    expect(of(image).runDensity("window", 0)).toBe(0.4);
    expect(of(video).runDensity("window", 0)).toBe(0.44);
  });

  it("count what a refresh computes besides", () => {
    const given = { warmUp: 1, refresh: [1, 11] };
    const steps = denseSteps({ kind: "common", given, strategies: all, run: image });
    expect(steps.sparseDensity("window", 0.5)).toBeCloseTo((10 - 3) / 17, 4);
    expect(steps.sparseDensity("paro", 0.5)).toBeCloseTo((10 - 3) / 17, 4);
    expect(steps.sparseDensity("paro-refresh", 0.5)).toBeCloseTo((10 - 5) / 17, 4);
    expect(steps.sparseDensity("rettention", 0.5)).toBeCloseTo((10 - 3) / 19, 4);
  });

  it("leave the sparse steps what brings the run to its density", () => {
    const names = fc.constantFrom<StrategyName>(
      ...all.filter((name) => strategyEntry(name).sparsity !== "none"),
    );
    const density = fc.double({ min: 0.01, max: 1, noNaN: true });
    const count = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(names, density, count, fc.nat(20), count, (name, asked, count, warmUp, every) => {
        const run = { steps: count + warmUp, frames: 1 };
        const given = { warmUp, refresh: { every } };
        const steps = denseSteps({ kind: "common", given, strategies: [name], run });
        try {
          const sparse = steps.sparseDensity(name, asked);
          expect(sparse).toBeLessThanOrEqual(1);
          expect(Math.abs(steps.runDensity(name, sparse) - asked)).toBeLessThan(2e-4);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          expect(error.message).toContain(`for ${name}`);
          expect(steps.runDensity(name, 0)).toBeGreaterThan(asked - 2e-4);
        }
      }),
    );
  });

  it("are refused where the run is too short for them", () => {
    const given = { warmUp: 4, refresh: [20] };
    const steps = denseSteps({ kind: "common", given, strategies: all, run: image });
    expect(() => steps.sparseDensity("window", 0.5)).toThrow(/^window: .*from 0 to 19.*20/);
  });
});
