import { denseAttention, makePlan, paroAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import { createBackend } from "./components.js";
import {
  expectClose,
  fixtures,
  goldenTensors,
  VIDEO_CHECKPOINTS,
  type VideoCheckpointName,
  videoGolden,
} from "./fixtures.js";
import { watchedDense } from "./strategies.js";

const cpu = createCpuBackend({ threads: 2 });
const reference = createBackend();
afterAll(() => {
  cpu.dispose();
  reference.dispose();
});

const open = (name: VideoCheckpointName) =>
  loadPipeline(`${fixtures}${name}`, { backend: cpu, attention: denseAttention(), kind: "video" });

describe.each(VIDEO_CHECKPOINTS)("a guided run of %s", (name) => {
  it.each([
    ["the CPU", cpu],
    ["the reference", reference],
  ])("ends at diffusers' latents and frames on %s", async (_, backend) => {
    const golden = videoGolden(name);
    const tensors = await goldenTensors(name);
    const { strategy, sites } = watchedDense();
    using pipeline = await loadPipeline(`${fixtures}${name}`, { backend, attention: strategy });
    const pictures = tensors.get("pictures")!;
    const [, frames, height, width] = pictures.shape as [number, number, number, number];
    const stages = new Set<string>();
    const result = await pipeline.generate({
      prompt: golden.prompts,
      negativePrompt: golden.negative,
      guidance: golden.guidance,
      dynamicGuidance: golden.dynamic,
      steps: golden.steps,
      seed: golden.seed,
      frames,
      height,
      width,
      batchSize: 2,
      onProgress: ({ stage, done }) => {
        stages.add(stage);
        expect(done).toBeLessThanOrEqual(1);
      },
    });
    expectClose(result.latents, tensors.get("final_latents")!);
    expect(result.frames).toBe(frames);
    expect(result.images).toHaveLength(2 * frames);
    const drawn = result.images.flatMap(({ data }) => [...data]);
    const apart = drawn.map((value, i) => Math.abs(value - pictures.data[i]!));
    // A rounding may fall on the other side where the exact value is near a half.
    expect(apart.reduce((most, difference) => Math.max(most, difference), 0)).toBeLessThanOrEqual(
      1,
    );
    expect(apart.filter((difference) => difference > 0).length).toBeLessThan(drawn.length / 100);
    expect([...stages]).toEqual(["text", "denoise", "decode"]);
    expect(sites[2]).toMatchObject({
      layer: 0,
      step: 1,
      timestep: golden.timestep,
      branches: ["unconditional", "unconditional", "conditional", "conditional"],
      layout: { frames: golden.latents[0], textPosition: "before" },
    });
  });

  it("draws every video of a series as if alone", async () => {
    using pipeline = await open(name);
    const small = { prompt: "a red circle", width: 16, height: 24, frames: 9, steps: 2 };
    const series = await pipeline.generate({ ...small, seed: 5, count: 2 });
    const alone = await pipeline.generate({ ...small, seed: 6 });
    expect(series.seeds).toEqual([5, 6]);
    expect(alone.images).toEqual(series.images.slice(9));
    expect(alone.images).not.toEqual(series.images.slice(0, 9));
    const one = await pipeline.generate({ ...small, frames: 1, guidance: 1 });
    expect(one.images).toHaveLength(1);
  });

  it("keeps to the dense video with every block, and to the share asked for with fewer", async () => {
    using pipeline = await open(name);
    // 6 x 8 or 12 x 16 tokens in 5 frames, after a block of text.
    const request = { prompt: "a blue star", seed: 5, width: 64, height: 48, steps: 3 } as const;
    const size = { ...request, frames: name === "cogvideox-sincos" ? 17 : 9 };
    const dense = await pipeline.generate(size);
    const planFor = (density: number) =>
      makePlan({
        density,
        prompts: [request.prompt],
        seeds: [request.seed],
        generate: async (attention) => {
          await pipeline.generate({ ...size, attention });
        },
      });
    const plan = await planFor(1);
    const all = await pipeline.generate({ ...size, attention: paroAttention({ plan }) });
    expect(all.report).toMatchObject({ strategy: "paro", density: 1 });
    expectClose(all.latents, dense.latents);
    const half = await planFor(0.7);
    const sparse = await pipeline.generate({ ...size, attention: paroAttention({ plan: half }) });
    expect(Math.abs(sparse.report.density - 0.7)).toBeLessThan(0.05);
    expect(sparse.images).not.toEqual(dense.images);
  });
});

describe("a video", () => {
  it("has the model's own size and number of frames", async () => {
    using pipeline = await open("cogvideox-sincos");
    expect(pipeline).toMatchObject({
      architecture: "CogVideoXPipeline",
      sizeMultiple: 8,
      defaultSize: { width: 56, height: 40 },
      defaultFrames: 9,
    });
  });

  it("stops when it is told to, while it is drawn and while it is decoded", async () => {
    using pipeline = await open("cogvideox-rotary");
    for (const stage of ["denoise", "decode"]) {
      const stop = new AbortController();
      const stopped = pipeline.generate({
        prompt: "a red circle",
        steps: 2,
        signal: stop.signal,
        onProgress: (progress) => {
          if (progress.stage === stage && progress.done > 0.2) stop.abort();
        },
      });
      await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    }
    const small = { prompt: "", width: 8, height: 8, frames: 1, steps: 1 };
    expect((await pipeline.generate(small)).images).toHaveLength(1);
  });

  it.each([
    [
      { frames: 13 },
      "Expected frames to be one more than a multiple of 8, the nearest are 9 and 17, but found 13",
    ],
    [
      { frames: 0 },
      "Expected frames to be one more than a multiple of 8, the smallest is 1, but found 0",
    ],
    [
      { frames: 5 },
      "Expected frames to be one more than a multiple of 8, the nearest are 1 and 9, but found 5",
    ],
    [
      { width: 60 },
      "Expected width to be a multiple of 8, the nearest are 56 and 64, but found 60",
    ],
    [{ height: -8 }, "Expected height to be a multiple of 8, the smallest is 8, but found -8"],
    [{ steps: 0 }, "Expected steps to be a whole number from 1 to 1000 but found 0"],
    [{ steps: -1 }, "Expected steps to be a whole number from 1 to 1000 but found -1"],
  ])("refuses %o", async (wrong, message) => {
    using pipeline = await open("cogvideox-sincos");
    await expect(pipeline.generate({ prompt: "a", ...wrong })).rejects.toThrow(message);
  });

  it("is not a picture", async () => {
    const options = { backend: cpu, attention: denseAttention() };
    const load = (name: string, kind: "image" | "video") =>
      loadPipeline(`${fixtures}${name}`, { ...options, kind });
    await expect(load("cogvideox-sincos", "image")).rejects.toThrow(
      "Expected architecture PixArtAlphaPipeline or PixArtSigmaPipeline but found CogVideoXPipeline",
    );
    await expect(load("pixart-wide", "video")).rejects.toThrow(
      "Expected architecture CogVideoXPipeline but found PixArtSigmaPipeline",
    );
  });
});
