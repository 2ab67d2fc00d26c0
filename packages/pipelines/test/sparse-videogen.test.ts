import { denseAttention, sparseVideoGen } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { expectClose, fixtures, relativeError } from "./fixtures.js";

const backend = createCpuBackend({ threads: 2 });
afterAll(() => backend.dispose());

// 6 x 8 tokens in 5 frames behind a block of text.
const request = {
  prompt: "a red circle",
  seed: 5,
  steps: 3,
  width: 64,
  height: 48,
  frames: 17,
} as const;

describe.each(["cogvideox-sincos", "cogvideox-rotary"])("Sparse VideoGen on %s", (name) => {
  const open = () => loadPipeline(`${fixtures}${name}`, { backend, attention: denseAttention() });
  const narrow = sparseVideoGen({ density: 0.7, schedule: { warmUp: 1 } });

  it("draws what dense attention draws with a band of everything", async () => {
    using pipeline = await open();
    const dense = await pipeline.generate(request);
    const attention = sparseVideoGen({ density: 1, schedule: { warmUp: 1 } });
    const all = await pipeline.generate({ ...request, attention });
    expectClose(all.latents, dense.latents);
    const sparse = await pipeline.generate({ ...request, attention: narrow });
    expect(sparse.report.density).toBeLessThan(all.report.density);
    const error = relativeError(toFloat32(sparse.latents), toFloat32(dense.latents));
    expect(error).toBeGreaterThan(1e-5);
    expect(error).toBeLessThan(1);
  });

  it("draws the same pixels in a row, at once, and beside another video", async () => {
    using pipeline = await open();
    const draw = (changes: { seed?: number; prompt?: string } = {}) =>
      pipeline.generate({ ...request, ...changes, attention: narrow });
    const first = await draw();
    const [second, other] = await Promise.all([draw(), draw({ seed: 6, prompt: "a blue star" })]);
    expect(second.images).toEqual(first.images);
    const together = await pipeline.generate({
      ...request,
      prompt: [request.prompt, "a blue star"],
      batchSize: 2,
      attention: narrow,
    });
    expect(together.images.slice(0, first.images.length)).toEqual(first.images);
    expect(other.images).not.toEqual(first.images);
  });
});

it("is refused by a model of pictures", async () => {
  using pipeline = await loadPipeline(`${fixtures}pixart-wide`, {
    backend,
    attention: sparseVideoGen(),
  });
  await expect(pipeline.generate({ prompt: "a red circle", steps: 2 })).rejects.toThrow(
    "Expected a model with frames, which Sparse VideoGen's temporal heads look along,",
  );
});
