import type { AttentionStrategy } from "@paroattn/attention";
import type { DeviceTensor } from "@paroattn/backend";
import type { Tensor } from "@paroattn/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadPipeline } from "../src/load-pipeline.js";
import type { GenerateProgress } from "../src/pipeline.js";
import { autoencoder, createBackend, textEncoder, transformer } from "./components.js";
import { fixtures } from "./fixtures.js";
import { watchedDense } from "./strategies.js";

const backend = createBackend();
afterAll(() => backend.dispose());

describe("loading", () => {
  /** The backend, with every tensor that is uploaded through it noted until it is disposed of. */
  function counted() {
    const live = new Set<DeviceTensor>();
    const counting = new Proxy(backend, {
      get(target, key) {
        const value = Reflect.get(target, key, target);
        if (key === "upload") {
          return (tensor: Tensor) => {
            const uploaded = target.upload(tensor);
            const dispose = uploaded.dispose.bind(uploaded);
            live.add(uploaded);
            uploaded.dispose = () => {
              live.delete(uploaded);
              dispose();
            };
            return uploaded;
          };
        }
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return { counting, live };
  }

  it.each(["eager", "keep"] as const)("%s frees every weight in its time", async (residency) => {
    const components = [textEncoder, transformer, autoencoder];
    const all = await Promise.all(components.map((open) => open("pixart-wide")));
    const weights = all.reduce((sum, component) => sum + component.weights.size, 0);
    const held = residency === "keep" ? weights : 0;
    const { counting, live } = counted();
    const attention = watchedDense().strategy;
    const pipeline = await loadPipeline(`${fixtures}pixart-wide`, {
      backend: counting,
      attention,
      residency,
    });
    expect(live.size).toBe(held);
    await pipeline.generate({ prompt: "", width: 16, height: 16, steps: 1 });
    expect(live.size).toBe(held);
    pipeline.dispose();
    await Promise.resolve();
    expect(live.size).toBe(0);
  });

  it("holds nothing once it is stopped, and goes no further", async () => {
    const { counting, live } = counted();
    const stop = new AbortController();
    const reports: GenerateProgress[] = [];
    const loading = loadPipeline(`${fixtures}pixart-wide`, {
      backend: counting,
      attention: watchedDense().strategy,
      signal: stop.signal,
      onProgress: (report) => {
        reports.push(report);
        // In the second component: the first one is loaded.
        if (reports.length === 25) stop.abort(new Error("stopped"));
      },
    });
    await expect(loading).rejects.toThrow("stopped");
    await expect.poll(() => live.size).toBe(0);
    expect(reports).toHaveLength(25);
  });

  it("refuses what is no strategy", async () => {
    const attention = (() => {}) as unknown as AttentionStrategy;
    await expect(loadPipeline(`${fixtures}pixart-wide`, { backend, attention })).rejects.toThrow(
      "Expected attention to be a strategy, such as denseAttention() of @paroattn/attention makes, but found a function",
    );
  });

  it.each(["keep", "eager"] as const)("tells how far it is (%s)", async (residency) => {
    const reports: GenerateProgress[] = [];
    const onProgress = (report: GenerateProgress) => {
      if (report.stage === "load") reports.push(report);
    };
    const attention = watchedDense().strategy;
    const options = { backend, attention, residency, onProgress };
    using pipeline = await loadPipeline(`${fixtures}pixart-wide`, options);
    const loaded = reports.length;
    await pipeline.generate({ prompt: "", width: 16, height: 16, steps: 1, onProgress });
    expect(loaded).toBe(residency === "keep" ? reports.length : 0);
    const components = await Promise.all(
      [textEncoder, transformer, autoencoder].map((open) => open("pixart-wide")),
    );
    const bytes = components.map(({ weights }) =>
      [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0),
    );
    const total = bytes.reduce((sum, size) => sum + size, 0);
    const ends = reports.filter(({ step, steps }) => step === steps).map(({ steps }) => steps);
    expect(ends).toEqual(residency === "keep" ? [total] : bytes);
    if (residency === "eager") return;
    const steps = reports.map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps[0]).toBe(0);
  });
});
