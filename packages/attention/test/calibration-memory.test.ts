import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { imageLayout, type TokenLayout, videoLayout } from "@paroattn/reorder";
import { expect, it } from "vitest";
import { type AttentionStrategy, makePlan } from "../src/index.js";
import { type FakeModel, generate } from "./fake-model.js";
import { plantAxisLocal } from "./planted.js";

// Test files run in processes of their own, so that the peak below is this file's.
const MB = 1e6;
const status = "/proc/self/status";

/** Resident memory of this process in bytes: now, or at its highest since `forgetPeak`. */
function resident(field: "VmRSS" | "VmHWM"): number {
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(
    readFileSync(status, "utf8"),
  )!;
  return Number(kilobytes) * 1024;
}

function forgetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}

async function calibrate(backend: FakeModel["backend"], layout: TokenLayout) {
  const planted = plantAxisLocal({ layout, reaches: [{ height: 1.5 }], headDim: 64, seed: 1 });
  const model: FakeModel = {
    backend,
    layout,
    heads: 1,
    headDim: 64,
    timesteps: [500],
    layers: [[planted]],
  };
  const before = resident("VmRSS");
  forgetPeak();
  const plan = await makePlan({
    density: 0.3,
    prompts: ["planted"],
    seeds: [1],
    generate: async (strategy: AttentionStrategy) => {
      await generate(model, strategy);
    },
  });
  return { plan, above: resident("VmHWM") - before };
}

it.runIf(existsSync(status))(
  "calibrates one 17,550-token head for all 6 orders in under 100 MB above its inputs",
  async () => {
    const backend = createCpuBackend({ threads: 2 });
    // Code and thread pools are loaded before anything is measured.
    await calibrate(backend, imageLayout({ height: 24, width: 40 }));
    const { plan, above } = await calibrate(
      backend,
      videoLayout({ frames: 13, height: 30, width: 45 }),
    );
    backend.dispose();
    expect(above).toBeLessThan(100 * MB);
    // The packed query, key and value alone are 13 MB: less than that would mean that nothing was measured.
    expect(above).toBeGreaterThan(13 * MB);
    expect(["HFW", "HWF"]).toContain(plan.orders[0]![0]);
    expect(Math.abs(plan.density.met - 0.3)).toBeLessThan(0.001);
  },
);
