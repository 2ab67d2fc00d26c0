import { denseAttention, makePlan, paroAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { expectClose, fixtures, relativeError } from "./fixtures.js";

const backend = createCpuBackend({ threads: 2 });
afterAll(() => backend.dispose());

// 12 x 20 tokens are 4 blocks, the last of 48.
const request = { prompt: "a red circle", seed: 5, width: 40, height: 24, steps: 3 } as const;

describe("a pipeline with PARO attention", () => {
  const open = () =>
    loadPipeline(`${fixtures}pixart-wide`, { backend, attention: denseAttention() });
  type Opened = Awaited<ReturnType<typeof open>>;
  const planFor = (pipeline: Opened, density: number) =>
    makePlan({
      density,
      prompts: [request.prompt],
      seeds: [request.seed],
      generate: async (attention) => {
        await pipeline.generate({ ...request, attention });
      },
    });

  it("draws the dense picture when every block is kept, whatever the orders", async () => {
    using pipeline = await open();
    const dense = await pipeline.generate(request);
    const plan = await planFor(pipeline, 1);
    const all = await pipeline.generate({ ...request, attention: paroAttention({ plan }) });
    expect(all.report).toMatchObject({ strategy: "paro", density: 1 });
    expectClose(all.latents, dense.latents);
  });

  it("computes the share that was asked for and draws another picture", async () => {
    using pipeline = await open();
    const dense = await pipeline.generate(request);
    const plan = await planFor(pipeline, 0.5);
    const warnings: string[] = [];
    const sparse = await pipeline.generate({
      ...request,
      attention: paroAttention({ plan }),
      onWarning: (message) => warnings.push(message),
    });
    expect(warnings).toEqual([]);
    // A block is a 16th of a head's map, and there are 2 layers of 2 heads in 2 or 3 buckets.
    expect(Math.abs(sparse.report.density - 0.5)).toBeLessThan(0.02);
    const error = relativeError(toFloat32(sparse.latents), toFloat32(dense.latents));
    expect(error).toBeGreaterThan(1e-3);
    expect(error).toBeLessThan(1);
    const other = { ...request, width: 24, attention: paroAttention({ plan }) };
    await expect(pipeline.generate(other)).rejects.toMatchObject({ name: "PlanError" });
  });
});
