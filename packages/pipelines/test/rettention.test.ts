import { denseAttention, rettention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { toFloat32 } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { expectClose, fixtures, relativeError } from "./fixtures.js";

const backend = createCpuBackend({ threads: 2 });
afterAll(() => backend.dispose());

// 12 x 20 tokens of a picture; 6 x 8 in 5 frames behind a block of text.
const request = { prompt: "a red circle", seed: 5, steps: 4 } as const;

describe.each([
  ["pixart-wide", { width: 40, height: 24 }],
  ["cogvideox-sincos", { width: 64, height: 48, frames: 17 }],
])("Re-ttention on %s", (name, size) => {
  const open = () => loadPipeline(`${fixtures}${name}`, { backend, attention: denseAttention() });
  const schedule = { warmUp: 1, refresh: { every: 3 } };
  const narrow = rettention({ window: { fraction: 0.1 }, schedule });

  it("draws what dense attention draws with a window of everything", async () => {
    using pipeline = await open();
    const dense = await pipeline.generate({ ...request, ...size });
    const attention = rettention({ window: { density: 1 }, schedule });
    const all = await pipeline.generate({ ...request, ...size, attention });
    expectClose(all.latents, dense.latents);
    const sparse = await pipeline.generate({ ...request, ...size, attention: narrow });
    expect(sparse.report.density).toBeLessThan(all.report.density);
    const error = relativeError(toFloat32(sparse.latents), toFloat32(dense.latents));
    expect(error).toBeGreaterThan(1e-5);
    expect(error).toBeLessThan(1);
  });

  it("draws the same pixels in a row, at once, and beside another picture", async () => {
    using pipeline = await open();
    const draw = (changes: { seed?: number; prompt?: string } = {}) =>
      pipeline.generate({ ...request, ...size, ...changes, attention: narrow });
    const first = await draw();
    const [second, other, third] = await Promise.all([
      draw(),
      draw({ seed: 6, prompt: "a blue star" }),
      draw(),
    ]);
    expect(second.images).toEqual(first.images);
    expect(third.images).toEqual(first.images);
    const together = await pipeline.generate({
      ...request,
      ...size,
      prompt: [request.prompt, "a blue star"],
      batchSize: 2,
      attention: narrow,
    });
    expect(together.images.slice(0, first.images.length)).toEqual(first.images);
    expect(other.images).not.toEqual(first.images);
  });
});
