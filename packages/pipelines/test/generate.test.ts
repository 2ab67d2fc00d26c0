import type { AttentionStrategy } from "@paroattn/attention";
import { type Tensor, tensor } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import type { GenerateProgress } from "../src/pipeline.js";
import { createBackend } from "./components.js";
import { CHECKPOINTS, expectClose, fixtures, golden, goldenTensors } from "./fixtures.js";
import { watchedDense } from "./strategies.js";

const backend = createBackend();
afterAll(() => backend.dispose());

const load = (name: string, attention: AttentionStrategy = watchedDense().strategy) =>
  loadPipeline(`${fixtures}${name}`, { backend, attention });

/** Whole steps, as they were told, without what repeats them. */
function stepsOf(progress: readonly GenerateProgress[]): [string, number, number][] {
  const all = progress.map(({ stage, step, steps }): [string, number, number] => [
    stage,
    step,
    steps,
  ]);
  return all.filter((report, index) => index === 0 || `${all[index - 1]}` !== `${report}`);
}

describe.each(CHECKPOINTS)("a guided run of %s", (name) => {
  it("ends at diffusers' latents and pictures", async () => {
    const expected = golden(name);
    const tensors = await goldenTensors(name);
    const { strategy, sites } = watchedDense();
    const progress: GenerateProgress[] = [];
    using pipeline = await load(name, strategy);
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
      onProgress: (report) => progress.push(report),
    });
    expectClose(result.latents, tensors.get("final_latents")!);

    const pictures = tensors.get("pictures")!;
    const size = pictures.data.length / 2;
    for (const [index, image] of result.images.entries()) {
      expect([image.height, image.width]).toEqual(pictures.shape.slice(1, 3));
      const reference = pictures.data.subarray(index * size, (index + 1) * size);
      const apart = image.data.map((value, i) => Math.abs(value - reference[i]!));
      // A rounding may fall on the other side where the exact value is near a half.
      expect(Math.max(...apart)).toBeLessThanOrEqual(1);
      expect(apart.filter((difference) => difference > 0).length).toBeLessThan(size / 100);
    }

    expect(result.steps).toBe(expected.steps);
    expect(result.report).toMatchObject({ strategy: "watched", density: 1 });
    expect(sites).toHaveLength(expected.steps * 2);
    expect(sites[2]).toMatchObject({
      layer: 0,
      step: 1,
      steps: expected.steps,
      timestep: expected.timestep,
      // Before the first cross-attention the branches are alike.
      branches: ["conditional", "conditional"],
    });
    expect(sites[3]).toMatchObject({
      layer: 1,
      branches: ["unconditional", "unconditional", "conditional", "conditional"],
    });
    expect(result.timings.attentionMs).toBeGreaterThan(0);
    expect(result.timings.attentionMs).toBeLessThan(result.timings.loopMs);
    expect(result.timings.loopMs).toBeLessThan(result.timings.totalMs);
    expect(stepsOf(progress)).toEqual([
      ...[0, 1, 2].map((step) => ["text", step, 2]),
      ...[0, 1, 2, 3, 4].map((step) => ["denoise", step, 4]),
      ...[0, 1, 2].map((step) => ["decode", step, 2]),
    ]);
    for (const stage of ["text", "denoise", "decode"] as const) {
      const reports = progress.filter((report) => report.stage === stage);
      const shares = reports.map(({ done }) => done);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect([shares[0], shares.at(-1)]).toEqual([0, 1]);
      // Layers are told too: two of the text encoder and of the transformer, some more of the autoencoder.
      const steps = reports[0]!.steps;
      const told = { text: 1 + 3 * steps, denoise: 1 + 3 * steps, decode: 1 + 4 * steps }[stage];
      expect(shares.length).toBeGreaterThanOrEqual(told);
    }
  });
});

describe("generate", () => {
  const small = { width: 16, height: 24, steps: 2 } as const;

  it("draws every picture of a series as if alone", async () => {
    using pipeline = await load("pixart-wide");
    const series = await pipeline.generate({
      ...small,
      prompt: ["a red circle", "a blue star and a very small house"],
      count: 2,
      seed: 41,
    });
    expect(series.seeds).toEqual([41, 42, 43, 44]);
    for (const [index, prompt] of [
      [1, "a red circle"],
      [3, "a blue star and a very small house"],
    ] as const) {
      const alone = await pipeline.generate({ ...small, prompt, seed: 41 + index });
      expect(alone.images[0]).toEqual(series.images[index]);
    }
    expect(series.images[0]).not.toEqual(series.images[1]);
    const again = await pipeline.generate({ ...small, prompt: "a red circle", seed: 41 });
    expect(again.images[0]).toEqual(series.images[0]);
    const together = await pipeline.generate({
      ...small,
      prompt: ["a red circle", "a blue star and a very small house"],
      count: 2,
      seed: 41,
      batchSize: 3,
    });
    expectClose(together.latents, series.latents);
  });

  it("takes a prompt that is empty, and no guidance", async () => {
    using pipeline = await load("pixart-square");
    const { strategy, sites } = watchedDense();
    const { images } = await pipeline.generate({
      ...small,
      prompt: "",
      guidance: 1,
      seed: 1,
      attention: strategy,
    });
    expect(images[0]).toMatchObject({ width: 16, height: 24 });
    expect(sites[0]!.branches).toEqual(["conditional"]);
    expect(sites[0]!.layout).toMatchObject({ frames: 1, height: 6, width: 4, textTokens: 0 });
  });

  it("warns of a prompt that is cut, once", async () => {
    using pipeline = await load("pixart-square");
    const warnings: string[] = [];
    await pipeline.generate({
      ...small,
      steps: 1,
      prompt: ["word ".repeat(130), "word ".repeat(130)],
      onWarning: (message) => warnings.push(message),
    });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The prompt is longer than 120 tokens; left out: "[a-z ]{80}"\.\.\. \(\d+ more characters\)$/,
      ),
    ]);
  });

  it("looks at the first 10,000 characters of a prompt", async () => {
    using pipeline = await load("pixart-square");
    const warnings: string[] = [];
    const draw = (prompt: string) =>
      pipeline.generate({
        ...small,
        steps: 1,
        seed: 1,
        prompt,
        onWarning: (message) => warnings.push(message),
      });
    const text = "a red circle".padEnd(10_000);
    const { images } = await draw(`${text} and more`);
    expect(warnings).toEqual([
      "The prompt is longer than 10000 characters; the last 9 are left out",
    ]);
    expect(images).toEqual((await draw(text)).images);
    expect(warnings).toHaveLength(1);
  });

  it("stops when it is told to, and works afterwards", async () => {
    using pipeline = await load("pixart-wide");
    const stopped = new AbortController();
    const promise = pipeline.generate({
      ...small,
      prompt: "a red circle",
      signal: stopped.signal,
      onProgress: ({ stage, step }) => {
        if (stage === "denoise" && step === 1) stopped.abort();
      },
    });
    await expect(promise).rejects.toMatchObject({ name: "AbortError" });
    const before = new AbortController();
    before.abort(new Error("not today"));
    await expect(
      pipeline.generate({ ...small, prompt: "x", signal: before.signal }),
    ).rejects.toThrow("not today");
    const { images } = await pipeline.generate({ ...small, prompt: "a red circle" });
    expect(images).toHaveLength(1);
  });

  it("refuses numbers that are no picture, in and out", async () => {
    using pipeline = await load("pixart-wide");
    const prompt = "a red circle";
    await expect(pipeline.generate({ ...small, prompt, guidance: 1e39 })).rejects.toThrow(
      /^Expected finite numbers in the latents after the last step but found NaN or an infinity at element \d+; try a lower guidance/,
    );
    const latents = tensor({ dtype: "f32", shape: [1, 4, 12, 8], data: new Float32Array(384) });
    latents.data[7] = Number.NaN;
    await expect(pipeline.generate({ ...small, prompt, latents })).rejects.toThrow(
      "Expected finite numbers in the latents but found NaN or an infinity at element 7",
    );
  });

  it("waits for what was queued before its clock begins", async () => {
    const calls: string[] = [];
    const { strategy } = watchedDense();
    using pipeline = await load("pixart-wide", {
      name: "noted",
      async start(generation) {
        const run = await strategy.start(generation);
        const flush = generation.backend.flush.bind(generation.backend);
        generation.backend.flush = async () => {
          await flush();
          calls.push("flushed");
        };
        return {
          ...run,
          attend(site, front) {
            calls.push("attend");
            return run.attend(site, front);
          },
        };
      },
    });
    await pipeline.generate({ ...small, steps: 1, prompt: "" });
    expect(calls.slice(0, 2)).toEqual(["flushed", "attend"]);
  });

  it("is of no use once it is disposed of", async () => {
    const pipeline = await load("pixart-wide");
    pipeline.dispose();
    await expect(pipeline.generate({ ...small, prompt: "" })).rejects.toThrow(
      "Expected a pipeline but found one that was disposed of",
    );
    const signal = AbortSignal.abort(new Error("too late"));
    const loading = loadPipeline(`${fixtures}pixart-wide`, {
      backend,
      attention: watchedDense().strategy,
      signal,
    });
    await expect(loading).rejects.toThrow("too late");
  });

  it("frees its components after use when asked, and loads them again", async () => {
    const attention = watchedDense().strategy;
    using kept = await load("pixart-wide");
    using eager = await loadPipeline(`${fixtures}pixart-wide`, {
      backend,
      attention,
      residency: "eager",
    });
    const options = { ...small, prompt: "a red circle", seed: 3 };
    const expected = await kept.generate(options);
    const [first, second] = await Promise.all([eager.generate(options), eager.generate(options)]);
    expect(first.images).toEqual(expected.images);
    expect(second.images).toEqual(expected.images);
    expect((await eager.generate(options)).images).toEqual(expected.images);
  });

  it.each([
    [
      { width: 17 },
      "Expected width to be a multiple of 4, the nearest are 16 and 20, but found 17",
    ],
    [{ height: 1 }, "Expected height to be a multiple of 4, the smallest is 4, but found 1"],
    [{ steps: 0 }, "Expected steps to be a whole number from 1 to 1000 but found 0"],
    [{ count: 1.5 }, "Expected count to be a whole number from 1 to 10000 but found 1.5"],
    [{ seed: -1 }, "Expected seed to be a whole number from 0 to 9007199254740991 but found -1"],
    [{ guidance: Number.NaN }, "Expected guidance to be a number of at least 0 but found null"],
    [
      { attention: {} as AttentionStrategy },
      "Expected attention to be a strategy, such as denseAttention() of @paroattn/attention makes, but found an object without start",
    ],
    [{ prompt: [] }, "Expected prompt to be a string or some strings but found []"],
    [
      { latents: { dtype: "f32" as const, shape: [4], data: new Float32Array(4) } },
      "Expected latents of dtype f32 and shape [1, 4, 12, 8] but found f32 [4]",
    ],
  ])("refuses %o", async (wrong, message) => {
    using pipeline = await load("pixart-square");
    await expect(pipeline.generate({ prompt: "a", ...small, ...wrong })).rejects.toThrow(message);
  });

  it("tells a strategy the hash of the weights, whatever their files, also after a stop", async () => {
    const { strategy, hashes } = watchedDense({ fingerprint: true });
    using pipeline = await load("pixart-wide", strategy);
    const once = { ...small, steps: 1, prompt: "" };
    const reports: GenerateProgress[] = [];
    const stop = new AbortController();
    const stopped = pipeline.generate({
      ...once,
      signal: stop.signal,
      onProgress: (report) => {
        if (report.stage !== "fingerprint") return;
        reports.push(report);
        stop.abort(new Error("stopped"));
      },
    });
    await expect(stopped).rejects.toThrow("stopped");
    expect(reports).toHaveLength(1);
    expect(hashes).toEqual([]);
    const all: GenerateProgress[] = [];
    await pipeline.generate({ ...once, onProgress: (report) => all.push(report) });
    const { step, steps } = all.filter(({ stage }) => stage === "fingerprint").at(-1)!;
    expect(step).toBe(steps);
    await pipeline.generate(once);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
  });
});
