import { adaSpa, denseAttention, draftAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { expectClose, fixtures, relativeError } from "./fixtures.js";

const backend = createCpuBackend({ threads: 2 });
afterAll(() => backend.dispose());

const request = { prompt: "a red circle", seed: 5, steps: 4 } as const;
const searches = { warmUp: 1, refresh: [1, 3] };

// 12 x 20 tokens of a picture; 6 x 8 in 5 frames behind a block of text.
describe.each([
  ["pixart-wide", { width: 40, height: 24 }],
  ["cogvideox-rotary", { width: 64, height: 48, frames: 17 }],
])("on %s", (name, size) => {
  const open = () => loadPipeline(`${fixtures}${name}`, { backend, attention: denseAttention() });

  it.each([
    ["DraftAttention", (density: number) => draftAttention({ density, schedule: { warmUp: 1 } })],
    ["AdaSpa", (density: number) => adaSpa({ density, schedule: searches })],
  ])(
    "%s draws what dense attention draws with all blocks, and the same pixels beside others",
    async (_, make) => {
      using pipeline = await open();
      const dense = await pipeline.generate({ ...request, ...size });
      const all = await pipeline.generate({ ...request, ...size, attention: make(1) });
      expectClose(all.latents, dense.latents);
      const sparse = make(0.7);
      const draw = (changes: { prompt?: string; seed?: number } = {}) =>
        pipeline.generate({ ...request, ...size, ...changes, attention: sparse });
      const [first, second] = await Promise.all([draw(), draw()]);
      expect(second.images).toEqual(first.images);
      const error = relativeError(toFloat32(first.latents), toFloat32(dense.latents));
      expect(error).toBeGreaterThan(1e-5);
      expect(error).toBeLessThan(1);
      const together = await pipeline.generate({
        ...request,
        ...size,
        prompt: [request.prompt, "a blue star"],
        batchSize: 2,
        attention: sparse,
      });
      expect(together.images.slice(0, first.images.length)).toEqual(first.images);
    },
  );
});
