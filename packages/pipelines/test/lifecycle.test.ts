import { denseAttention } from "@paroattn/attention";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { describe, expect, it } from "vitest";
import { loadPipeline, type Pipeline } from "../src/index.js";
import { fixtures } from "./fixtures.js";

const SETTINGS = { prompt: "a red circle", width: 64, height: 64, steps: 3 };

async function withPipeline(
  residency: "keep" | "eager",
  work: (pipeline: Pipeline) => Promise<void>,
): Promise<void> {
  const backend = createCpuBackend({ threads: 2 });
  try {
    const attention = denseAttention();
    const folder = `${fixtures}pixart-square`;
    await using pipeline = await loadPipeline(folder, { backend, attention, residency });
    await work(pipeline);
  } finally {
    backend.dispose();
  }
}

/** Moments spread over a generation of some tens of milliseconds. */
const MOMENTS = Array.from({ length: 24 }, (_, index) => (index * 7) % 29);

describe.each(["keep", "eager"] as const)("a pipeline that holds its weights: %s", (residency) => {
  it("survives a storm of aborts, and draws the same picture afterwards", async () => {
    await withPipeline(residency, async (pipeline) => {
      const draw = (seed: number, signal?: AbortSignal) =>
        pipeline.generate({ ...SETTINGS, seed, ...(signal && { signal }) });
      const before = (await draw(7)).images[0]!.data;
      const storm = MOMENTS.map(async (moment, seed) => {
        const controller = new AbortController();
        const reason = new Error(`storm ${seed}`);
        setTimeout(() => controller.abort(reason), moment);
        return draw(seed, controller.signal).then(
          () => "done",
          (error: unknown) => {
            expect(error).toBe(reason);
            return "aborted";
          },
        );
      });
      expect(await Promise.all(storm)).toContain("aborted");
      expect((await draw(7)).images[0]!.data).toEqual(before);
    });
  });

  it("draws the same pictures side by side as one after the other", async () => {
    await withPipeline(residency, async (pipeline) => {
      const draw = async (seed: number) =>
        (await pipeline.generate({ ...SETTINGS, seed })).images[0]!.data;
      const together = await Promise.all([1, 2, 3].map(draw));
      for (const [index, picture] of together.entries()) {
        expect(picture).toEqual(await draw(index + 1));
      }
    });
  });
});

it("tells who waits for a picture of a pipeline that was disposed of, and refuses the next", async () => {
  await withPipeline("keep", async (pipeline) => {
    const waiting = pipeline.generate({ ...SETTINGS, seed: 1 }).then(
      () => "done",
      (error: Error) => error.message,
    );
    pipeline.dispose();
    expect(await waiting).toMatch(/^done$|dispose/);
    await expect(pipeline.generate({ ...SETTINGS, seed: 2 })).rejects.toThrow(/disposed of/);
  });
});
