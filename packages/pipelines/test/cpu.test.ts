import { denseAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { Tensor } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { CHECKPOINTS, expectClose, fixtures, golden, goldenTensors } from "./fixtures.js";

const backend = createCpuBackend({ threads: 2 });
afterAll(() => backend.dispose());
const attention = denseAttention();

describe.each(CHECKPOINTS)("%s on the CPU backend", (name) => {
  it("ends at diffusers' latents and picture", async () => {
    const expected = golden(name);
    const tensors = await goldenTensors(name);
    using pipeline = await loadPipeline(`${fixtures}${name}`, { backend, attention });
    const latents = tensors.get("latents") as Tensor<"f32">;
    const [, , height, width] = latents.shape as [number, number, number, number];
    const result = await pipeline.generate({
      prompt: expected.prompts,
      negativePrompt: expected.negative,
      guidance: expected.guidance,
      steps: expected.steps,
      width: 2 * width,
      height: 2 * height,
      latents,
      batchSize: 2,
    });
    expectClose(result.latents, tensors.get("final_latents")!);
    const pictures = tensors.get("pictures")!;
    const drawn = result.images.flatMap(({ data }) => [...data]);
    const apart = drawn.map((value, i) => Math.abs(value - pictures.data[i]!));
    expect(Math.max(...apart)).toBeLessThanOrEqual(1);
    expect(apart.filter((difference) => difference > 0).length).toBeLessThan(drawn.length / 100);
  });

  it("repeats itself to the last bit, alone or in a series", async () => {
    using pipeline = await loadPipeline(`${fixtures}${name}`, { backend, attention });
    const options = { prompt: "a red circle", width: 24, height: 40, steps: 3 };
    const { images } = await pipeline.generate({ ...options, seed: 8, count: 2 });
    const alone = await pipeline.generate({ ...options, seed: 9 });
    expect(alone.images[0]).toEqual(images[1]);
  });

  it("stops within a step and works afterwards", async () => {
    using pipeline = await loadPipeline(`${fixtures}${name}`, { backend, attention });
    const stop = new AbortController();
    const stopped = pipeline.generate({
      prompt: "a red circle",
      width: 80,
      height: 80,
      steps: 1000,
      signal: stop.signal,
      onProgress: ({ stage, step }) => {
        if (stage === "denoise" && step === 2) stop.abort();
        expect(step).toBeLessThan(5);
      },
    });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    const { images } = await pipeline.generate({ prompt: "", width: 16, height: 16, steps: 1 });
    expect(images[0]!.data.some((value) => value > 0)).toBe(true);
  });
});
