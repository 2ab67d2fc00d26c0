import { createCpuBackend } from "@paroattn/kernels-cpu";
import { expect, it } from "vitest";
import { loadPipeline, type Span } from "../src/index.js";
import { fixtures } from "./fixtures.js";
import { watchedDense } from "./strategies.js";

it.each(["keep", "eager"] as const)("tells where the time goes (%s)", async (residency) => {
  const backend = createCpuBackend({ threads: 1 });
  const spans: Span[] = [];
  const onSpan = (span: Span) => {
    spans.push(span);
  };
  const settings = { prompt: ["a red circle", "a star"], width: 16, height: 16, steps: 3, seed: 1 };
  const { strategy: attention } = watchedDense();
  using pipeline = await loadPipeline(`${fixtures}pixart-wide`, {
    backend,
    attention,
    residency,
    onSpan,
  });
  const timed = await pipeline.generate({ ...settings, onSpan });
  const plain = await pipeline.generate(settings);
  backend.dispose();

  const loads = ["load text_encoder", "load transformer", "load vae"];
  const eager = residency === "eager";
  const steps = ["prepare", "step", "step", "step"];
  expect(spans.map(({ name }) => name)).toEqual([
    ...(eager ? loads.slice(0, 1) : loads),
    ...["prompt", "prompt", "text"],
    ...(eager ? loads.slice(1, 2) : []),
    ...[...steps, ...steps, "denoise"],
    ...(eager ? loads.slice(2) : []),
    ...["picture", "picture", "decode"],
  ]);
  for (const { name, bytes } of spans) {
    if (name.startsWith("load")) expect(bytes).toBeGreaterThan(1000);
    else expect(bytes).toBeUndefined();
  }

  // Stages follow each other, parts lie within them one after the other, operators within the parts' time.
  const stages = spans.filter(({ name }) => ["text", "denoise", "decode"].includes(name));
  const during = eager ? spans : spans.slice(loads.length);
  const parts = during.filter((span) => !stages.includes(span));
  for (const list of [stages, parts]) {
    for (const [index, { start, end }] of list.entries()) {
      expect(end).toBeGreaterThanOrEqual(start);
      expect(start).toBeGreaterThanOrEqual(list[index - 1]?.end ?? 0);
    }
  }
  for (const { name, start, end, operators } of parts) {
    expect(stages.filter((stage) => stage.start <= start && end <= stage.end)).toHaveLength(1);
    if (name.startsWith("load")) continue;
    const times = Object.values(operators!).map(({ milliseconds }) => milliseconds);
    const sum = times.reduce((a, b) => a + b, 0);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThanOrEqual(end - start);
  }
  const step = spans.find(({ name }) => name === "step")!;
  expect(step.operators!["attention/self"]!.calls).toBe(2);

  // The attention time is found wherever it is recorded, and the pictures do not change.
  const self = spans
    .filter(({ name }) => name === "step")
    .flatMap(({ operators }) => [
      operators!["attention/self"]!.milliseconds,
      operators!["prepareAttention/self"]!.milliseconds,
    ]);
  expect(timed.timings.attentionMs).toBeCloseTo(
    self.reduce((a, b) => a + b, 0),
    6,
  );
  expect(timed.images).toEqual(plain.images);
});
