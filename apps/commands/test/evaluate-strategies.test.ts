import { rm } from "node:fs/promises";
import { join } from "node:path";
import { denseAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { watchControl } from "../src/evaluate/control-overhead.js";
import type { EvaluateResult } from "../src/evaluate/evaluate.js";
import { paretoFront } from "../src/evaluate/pareto.js";
import { evaluationLineSchema } from "../src/evaluate/summary.js";
import { formatEvaluation } from "../src/evaluate/table.js";
import { hasDensity, STRATEGY_NAMES, strategyEntry } from "../src/strategies/registry.js";
import { type Setting, tinySetting, told } from "./evaluate-model.js";

let setting: Setting;
beforeAll(async () => {
  setting = await tinySetting();
});
afterAll(() => rm(setting.folder, { recursive: true, force: true }));

/** All but the control in native order, for which there is no plan, and what is for videos. */
const names = STRATEGY_NAMES.filter((name) => name !== "paro-native" && name !== "sparse-videogen");

describe("a list of strategies", () => {
  let result: EvaluateResult;
  const change = () => ({
    attention: names,
    steps: 10,
    seeds: [1],
    plan: [setting.flags.plan![1]!],
    report: join(setting.folder, "list"),
  });
  const of = (strategy: string) => result.lines.find((line) => line.strategy === strategy)!;
  beforeAll(async () => {
    result = await setting.run(change());
  });

  it("is drawn with the same dense steps, each at the density of the run that it was asked for", () => {
    const { lines } = result;
    expect(new Set(lines.map(({ strategy }) => strategy))).toEqual(new Set(names));
    for (const line of lines) {
      expect(evaluationLineSchema.strict().parse(JSON.parse(JSON.stringify(line)))).toEqual(line);
      if (line.strategy === "dense" || line.strategy === "noise-floor") {
        expect(line).not.toHaveProperty("schedule");
        expect([line.densityMet.mean, line.denseShare.mean]).toEqual([1, 1]);
        continue;
      }
      expect(line.schedule).toEqual({ warmUp: 1, refresh: { every: 5 } });
      // Steps 0, 1 and 6 of 10; AdaSpa's second search need not be dense.
      const dense = line.strategy === "adaspa" ? 2 : 3;
      expect(line.denseShare.mean).toBeCloseTo(dense / 10, 12);
      // There are few blocks to choose from in so small a picture.
      if (hasDensity(line.strategy)) {
        expect(line.densityMet.mean).toBeLessThan(line.density + 0.05);
        expect(line.densityMet.mean).toBeGreaterThan(3 / 10);
      }
    }
    expect(of("paro").density).toBeCloseTo((3 + 7 * 0.6) / 10, 4);
    expect(Math.abs(of("paro").densityMet.mean - 0.72)).toBeLessThan(0.03);
    expect(of("reuse").density).toBe(0.3);
    expect(of("reuse").densityMet.mean).toBeCloseTo(0.3, 12);
    expect(of("reuse").sparseDensity).toBeNull();
  });

  it("tells what each one keeps, and what it does beside its attention", () => {
    for (const name of ["dense", "noise-floor", "paro"]) expect(of(name).cacheBytes).toBe(0);
    for (const name of ["rettention", "reuse", "paro-refresh", "ditfastattn", "adaspa"]) {
      expect(of(name).cacheBytes).toBeGreaterThan(0);
    }
    expect(of("rettention").controlOverhead!).toBeGreaterThan(0);
    for (const line of result.lines) expect(line.controlOverhead).toBeGreaterThanOrEqual(0);
    // Pictures do not move.
    for (const line of result.lines) expect(line.motionError).toBeNull();
  });

  it("has a floor of noise far above what any of them loses", () => {
    const { psnr } = of("noise-floor");
    const floor = psnr.mean ?? Number.POSITIVE_INFINITY;
    expect(floor).toBeGreaterThan(50);
    for (const name of ["paro", "rettention", "window", "reuse"]) {
      expect(floor).toBeGreaterThan(of(name).psnr.mean!);
    }
  });

  it("is told within 80 columns, goes on from what is there, and names the dense steps once", async () => {
    let again: EvaluateResult | undefined;
    const text = await told(async () => {
      again = await setting.run(change());
    });
    expect(again!.lines).toEqual(result.lines);
    const count = 2 * result.lines.length + result.lines.length + 2;
    expect(text).toContain(`reusing ${count} of ${count} results`);
    const table = formatEvaluation(result).split("\n");
    for (const row of table) if (row !== result.page) expect(row.length).toBeLessThanOrEqual(80);
    expect(table.filter((row) => row.startsWith("dense steps"))).toEqual([
      "dense steps: 1 at first, then every 5th",
    ]);
  });

  it("has each paper's own dense steps where that is asked for", async () => {
    const { lines } = await setting.run({
      attention: ["rettention", "paro"],
      plan: [setting.flags.plan![0]!],
      schedule: "paper",
      steps: 6,
      seeds: [1],
    });
    expect(lines.map(({ density }) => density)).toEqual([0.9, 0.9]);
    // A quarter of the steps, then every fifth.
    expect(lines[0]!.schedule).toEqual({ warmUp: 1, refresh: { every: 5 } });
    expect(lines[1]).not.toHaveProperty("schedule");
  });
});

describe("what a strategy does beside its attention", () => {
  const draw = async (attention = denseAttention()) => {
    const backend = createCpuBackend({ threads: 1 });
    try {
      const kind = "image";
      await using pipeline = await loadPipeline(setting.flags.model!, { kind, backend, attention });
      const size = { width: 64, height: 64, steps: 3 };
      return await pipeline.generate({ prompt: "a red circle", seed: 1, ...size });
    } finally {
      backend.dispose();
    }
  };

  it("is watched without a change to what is drawn", async () => {
    for (const name of names.filter((name) => strategyEntry(name).sparsity !== "plan")) {
      const make = () =>
        strategyEntry(name).make({
          frames: 1,
          density: 0.5,
          schedule: { warmUp: 1, refresh: [1] },
        });
      const watch = watchControl(make());
      const watched = await draw(watch.strategy);
      expect(watched.latents.data).toEqual((await draw(make())).latents.data);
      expect(watch.result().dense).toBeGreaterThan(0);
    }
  });

  it("is all that is not the front and the attention of its answer", async () => {
    const pause = 20;
    const dense = denseAttention();
    let sites = 0;
    const watch = watchControl({
      name: "idle",
      async start(generation) {
        const run = await dense.start(generation);
        return {
          ...run,
          async attend(site, front) {
            sites++;
            await new Promise((resolve) => setTimeout(resolve, pause));
            return run.attend(site, front);
          },
        };
      },
    });
    await draw(watch.strategy);
    expect(watch.result().control).toBeGreaterThan(0.9 * pause * sites);
  });
});

it("takes for best what none other beats in both speed and PSNR", () => {
  const line = (attentionSpeedup: number | null, mean: number | null, strategy = "paro") => {
    return {
      strategy: strategy as "paro",
      attentionSpeedup,
      psnr: { mean, spread: 0, identical: 0 },
    };
  };
  const best = [line(1, 30), line(2, 25), line(2, 25), line(3, 20)];
  const others = [line(1, 25), line(2, 24), line(0.5, 30), line(3, 19)];
  const apart = [
    line(null, 99),
    line(9, null),
    { ...line(9, 99), strategy: "noise-floor" as const },
  ];
  expect(paretoFront([...others, ...best, ...apart])).toEqual(new Set(best));
});
