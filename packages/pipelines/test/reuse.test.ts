import { type AttentionStrategy, denseAttention, reuseAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { imageLayout } from "@paroattn/reorder";
import { tensor, toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { strategySelfAttention } from "../src/modules/self-attention.js";
import { fixtures, relativeError } from "./fixtures.js";

const backend = createCpuBackend({ threads: 2 });
afterAll(() => backend.dispose());

const request = { prompt: "a red circle", seed: 5, width: 24, height: 16, steps: 4 } as const;

describe.each(["pixart-wide", "cogvideox-rotary"])(
  "a strategy that reuses outputs on %s",
  (name) => {
    const open = () => loadPipeline(`${fixtures}${name}`, { backend, attention: denseAttention() });

    it("answers with them between its dense steps", async () => {
      using pipeline = await open();
      const dense = await pipeline.generate({ ...request, attention: denseAttention() });
      const attention = reuseAttention({ schedule: { warmUp: 2, refresh: [3] } });
      const reused = await pipeline.generate({ ...request, attention });
      expect(reused.report).toMatchObject({ strategy: "reuse", density: 3 / 4, denseShare: 3 / 4 });
      expect(reused.report.cacheBytes).toBeGreaterThan(0);
      const error = relativeError(toFloat32(reused.latents), toFloat32(dense.latents));
      expect(error).toBeGreaterThan(1e-6);
      expect(error).toBeLessThan(1);
    });

    it("is refused projections once it said that it reuses", async () => {
      using pipeline = await open();
      const forgetful: AttentionStrategy = {
        name: "forgetful",
        async start(generation) {
          const run = await denseAttention().start(generation);
          return { ...run, before: ({ step }) => (step === 1 ? "reuseOutput" : "compute") };
        },
      };
      await expect(pipeline.generate({ ...request, attention: forgetful })).rejects.toThrow(
        "Expected the strategy to answer with an output that it kept but found it to ask for projections after reuseOutput",
      );
    });
  },
);

it("projects once for a site that computes, however often it is looked at, and never for one that reuses", async () => {
  const [heads, headDim] = [1, 4];
  const layout = imageLayout({ height: 2, width: 3 });
  using scope = backend.scope();
  const query = scope.upload(
    tensor({ dtype: "f32", shape: [1, 6, 4], data: new Float32Array(24).fill(1) }),
  );
  const counted = async (decision: "compute" | "reuseOutput") => {
    let projected = 0;
    const attend = strategySelfAttention({
      run: {
        before: () => decision,
        attend(_site, front) {
          if (decision === "reuseOutput") return query;
          front.queryKey();
          front.operands().dispose();
          return front.backend.attention({ operands: front.operands() }).output;
        },
        report: () => {
          throw new Error("nobody asks");
        },
        dispose() {},
      },
      heads,
      headDim,
      layout,
      branches: ["conditional"],
      step: 0,
      steps: 1,
      timestep: 500,
    });
    const project = () => {
      projected++;
      return { query, key: query, value: query };
    };
    const output = await attend({ layer: 0, rows: 1, backend: scope, project });
    expect([...toFloat32(await scope.read(output))]).toEqual(new Array(24).fill(1));
    return projected;
  };
  expect(await counted("compute")).toBe(1);
  expect(await counted("reuseOutput")).toBe(0);
});
