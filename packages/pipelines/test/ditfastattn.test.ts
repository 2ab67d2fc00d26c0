import { denseAttention, ditFastAttention, findSharingPlan } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { fixtures, relativeError } from "./fixtures.js";

const backend = createCpuBackend({ threads: 2 });
afterAll(() => backend.dispose());

const prompt = ["a red circle", "a blue star"];

describe.each([
  ["pixart-wide", { width: 40, height: 24 }],
  ["cogvideox-sincos", { width: 64, height: 48, frames: 17 }],
])("DiTFastAttn on %s", (name, size) => {
  const request = { ...size, prompt, seed: 5, steps: 3, batchSize: 2 };
  const open = () => loadPipeline(`${fixtures}${name}`, { backend, attention: denseAttention() });

  it("searches a plan by drawing, and draws by it", async () => {
    using pipeline = await open();
    const dense = await pipeline.generate(request);
    const search = (threshold: number) =>
      findSharingPlan({
        threshold,
        prompts: prompt,
        seeds: [5, 6],
        generate: async (attention) => {
          await pipeline.generate({ ...request, attention });
        },
      });
    const full = await search(1e-9);
    // In a layer that has not met the text yet, the branches are one and sharing changes nothing.
    const chosen = full.methods.flat().filter((method) => method !== "full");
    expect(chosen.every((method) => method === "shareGuidance")).toBe(true);
    expect(full.methods.every((layers) => layers.includes("full"))).toBe(true);
    const same = await pipeline.generate({
      ...request,
      attention: ditFastAttention({ plan: full }),
    });
    expect(same.latents).toEqual(dense.latents);
    expect(same.images).toEqual(dense.images);

    const plan = await search(1.5);
    const attention = ditFastAttention({ plan });
    const saved = await pipeline.generate({ ...request, attention });
    expect(saved.report.density).toBeLessThan(1);
    const error = relativeError(toFloat32(saved.latents), toFloat32(dense.latents));
    expect(error).toBeGreaterThan(1e-6);
    expect(error).toBeLessThan(1);
    await expect(pipeline.generate({ ...request, steps: 2, attention })).rejects.toThrow(
      "the plan's 3 timesteps",
    );
  });
});
