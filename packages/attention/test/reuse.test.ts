import { createReferenceBackend } from "@paroattn/backend";
import { videoLayout } from "@paroattn/reorder";
import { afterAll, describe, expect, it } from "vitest";
import {
  denseAttention,
  paroAttention,
  reuseAttention,
  ScheduleError,
  type StepSchedule,
} from "../src/index.js";
import { type FakeModel, generate } from "./fake-model.js";
import { plantAxisLocal } from "./planted.js";
import { smallPlan } from "./small-plan.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

const layout = videoLayout({ frames: 3, height: 4, width: 6, textTokens: 5 });
const site = (seed: number) =>
  plantAxisLocal({ layout, reaches: [{ width: 1 }, { frames: 1 }], headDim: 8, seed });
const model: FakeModel = {
  backend,
  layout,
  heads: 2,
  headDim: 8,
  timesteps: [900, 700, 500, 300, 100],
  layers: [[site(1), site(2)], [site(3)]],
  drift: 0.1,
};
const bytesOf = (outputs: readonly Float32Array[]) =>
  outputs.reduce((sum, { byteLength }) => sum + byteLength, 0);

describe("reuseAttention", () => {
  it("answers dense at the dense steps and once more with the last output between them", async () => {
    const dense = await generate(model, denseAttention());
    const schedule = { warmUp: 1, refresh: [3] };
    const reused = await generate(model, reuseAttention({ schedule }));
    expect(reused.outputs).toEqual([0, 0, 0, 3, 3].map((step) => dense.outputs[step]));
    expect(dense.outputs[1]).not.toEqual(dense.outputs[0]);
    expect(reused.report).toMatchObject({
      strategy: "reuse",
      density: 2 / 5,
      denseShare: 2 / 5,
      cacheBytes: bytesOf(dense.outputs[0]!),
    });
    expect(dense.report).toMatchObject({ denseShare: 1, cacheBytes: 0 });
  });

  it("computes an image's first quarter, a video's first three tenths, and every fifth step after", async () => {
    const long = {
      ...model,
      layers: [[site(3)]],
      timesteps: Array.from({ length: 10 }, () => 500),
    };
    expect((await generate(long, reuseAttention())).report.denseShare).toBe(5 / 10);
    const flat = videoLayout({ frames: 1, height: 4, width: 6 });
    const planted = plantAxisLocal({ layout: flat, reaches: [{}, {}], headDim: 8, seed: 1 });
    const image = { ...long, layout: flat, layers: [[planted]] };
    expect((await generate(image, reuseAttention())).report.denseShare).toBe(4 / 10);
  });

  it("keeps no outputs that nobody will reuse", async () => {
    const every = reuseAttention({ schedule: { refresh: { every: 1 } } });
    expect((await generate(model, every)).report).toMatchObject({ density: 1, cacheBytes: 0 });
  });

  it("gives the same result in a row and at once, and does not mix guidance branches", async () => {
    const strategy = reuseAttention({ schedule: { warmUp: 1, refresh: [3] } });
    const other = { ...model, layers: [[site(4), site(5)], [site(6)]] };
    const first = await generate(model, strategy);
    const [second, , third] = await Promise.all([
      generate(model, strategy),
      generate(other, strategy),
      generate(model, strategy),
    ]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    // Branches in calls of their own, one after the other, as some pipelines have them.
    const apart = await generate({ ...model, branchesApart: true }, strategy);
    expect(apart.outputs).toEqual(first.outputs);
  });

  it("is refused before the first step where there is nothing to reuse", async () => {
    const error = await generate(model, reuseAttention({ schedule: {} })).catch((error) => error);
    expect(ScheduleError.isInstance(error)).toBe(true);
    expect(error.message).toBe(
      "Expected a step that is computed before the first one that reuses its output but found none before step 0",
    );
    await expect(generate(model, reuseAttention({ schedule: { warmUp: 6 } }))).rejects.toThrow(
      "Expected a warm-up of 0 to 5 steps, which the run has, but found 6",
    );
  });
});

it("serves any strategy: PARO reuses what it computed with its mask", async () => {
  const plan = smallPlan({ layout, heads: 2, buckets: { boundaries: [], steps: [5] } });
  const run = (schedule: StepSchedule) => generate(model, paroAttention({ plan, schedule }));
  const computed = await run({});
  const reused = await run({ warmUp: 1, reuse: { every: 2 } });
  const dense = await generate(model, denseAttention());
  expect(reused.outputs).toEqual([
    dense.outputs[0],
    ...[1, 1, 3, 3].map((step) => computed.outputs[step]),
  ]);
  expect(reused.report.density).toBeCloseTo((1 + 2 * computed.report.density) / 5, 12);
  expect(reused.report.denseShare).toBe(1 / 5);
});
