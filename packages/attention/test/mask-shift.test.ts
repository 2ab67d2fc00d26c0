import { partitionLayout } from "@paroattn/reorder";
import { BlockMask, maskOverlap } from "@paroattn/sparse-masks";
import { afterAll, describe, expect, it } from "vitest";
import {
  denseAttention,
  type MaskObservation,
  makePlan,
  maskShift,
  observeMasks,
  PlanError,
  planMask,
  ScheduleError,
  type StepObservation,
} from "../src/index.js";
import { backend, layout, models, options, shifted } from "./calibrated-models.js";
import { type FakeModel, generate } from "./fake-model.js";
import { smallPlan } from "./small-plan.js";

afterAll(() => backend.dispose());

const first = models[0]!;
const plan = makePlan(options);

async function observe(model: FakeModel, steps: readonly number[]) {
  const seen: StepObservation[] = [];
  const strategy = observeMasks({ plan: await plan, steps, visit: (one) => void seen.push(one) });
  return { seen, ...(await generate(model, strategy)) };
}

describe("observeMasks", () => {
  it("answers dense and shows what calibrating on a step alone would keep", async () => {
    const { seen, outputs, report } = await observe(shifted, [1, 3]);
    const dense = await generate(shifted, denseAttention());
    expect(outputs[0]).toEqual(dense.outputs[0]);
    expect(report).toMatchObject({ strategy: "observe", density: 1 });
    expect(seen.map(({ step, timestep, picture }) => [step, timestep, picture])).toEqual([
      [1, 600, 0],
      [3, 100, 0],
    ]);
    const own = await makePlan({
      ...options,
      forcedOrders: (await plan).orders,
      generate: (strategy) => generate({ ...shifted, timesteps: [600] }, strategy).then(() => {}),
    });
    for (const layer of [0, 1]) {
      expect(seen[0]!.masks[layer]!.equals(planMask(own, { bucket: 0, layer }))).toBe(true);
    }
  });

  it("refuses steps that are not there, and a plan for something else", async () => {
    await expect(observe(first, [4])).rejects.toSatisfy(ScheduleError.isInstance);
    const visit = () => {};
    const strategy = observeMasks({ plan: smallPlan(), steps: [0], visit });
    await expect(generate(first, strategy)).rejects.toSatisfy(PlanError.isInstance);
  });
});

describe("maskShift", () => {
  const partition = partitionLayout(layout);
  const { blocks } = partition;
  /** Every layer and head keeps the text and, between visual tokens, these blocks of its first row. */
  const masksOf = (...live: readonly number[]): BlockMask[] =>
    [0, 1].map(() => {
      const mask = BlockMask.empty({ heads: 2, queryBlocks: blocks, keyBlocks: blocks });
      for (const head of [0, 1]) {
        for (let block = 0; block < blocks; block++) {
          mask.set(head, 0, block);
          mask.set(head, block, 0);
        }
        for (const block of live) mask.set(head, 1, block);
      }
      return mask;
    });
  const one = (prompt: string, seed: number, step: number, ...live: readonly number[]) => ({
    prompt,
    seed,
    step,
    timestep: [900, 600, 300, 100][step]!,
    masks: masksOf(...live),
  });

  it("compares steps, seeds and prompts, each with its like", async () => {
    const observations: MaskObservation[] = [
      one("a", 1, 3, 1, 2),
      one("a", 1, 0, 1),
      one("a", 2, 0, 1),
      one("b", 1, 0, 2),
      one("b", 1, 3, 1, 2),
    ];
    const shift = maskShift({ plan: await plan, observations });
    // Steps 0 and 3 of (a, 1) and of (b, 1): one of two blocks in common each.
    expect(shift.steps).toEqual({ pairs: 2, mean: 0.5, least: 0.5 });
    expect(shift.seeds).toEqual({ pairs: 1, mean: 1, least: 1 });
    // At step 0 both seeds of a against b: nothing in common; at step 3: all.
    expect(shift.prompts).toEqual({ pairs: 3, mean: 1 / 3, least: 0 });
    const planned = (timestep: number) =>
      [0, 1].map(async (layer) => planMask(await plan, { bucket: timestep >= 750 ? 0 : 2, layer }));
    const expected = await Promise.all(
      observations.map(async ({ masks, timestep }) => {
        const reference = await Promise.all(planned(timestep));
        return maskOverlap({ reference, other: masks, partition }).jaccard;
      }),
    );
    expect(shift.plan?.pairs).toBe(5);
    expect(shift.plan?.mean).toBeCloseTo(expected.reduce((a, b) => a + b) / 5, 12);
    expect(shift.plan?.least).toBe(Math.min(...expected));
  });

  it("leaves out what there is nothing to compare for", async () => {
    const none = maskShift({ plan: await plan, observations: [] });
    expect(none).toEqual({
      prompts: undefined,
      seeds: undefined,
      steps: undefined,
      plan: undefined,
    });
    const shift = maskShift({ plan: await plan, observations: [one("a", 1, 0, 1)] });
    expect(shift).toMatchObject({ prompts: undefined, seeds: undefined, steps: undefined });
    expect(shift.plan?.pairs).toBe(1);
  });

  it("sees where another prompt shifts the patterns", async () => {
    const seen = async (model: FakeModel, prompt: string) =>
      (await observe(model, [0, 2])).seen.map((step) => ({ prompt, seed: 1, ...step }));
    const observations = [...(await seen(first, "one")), ...(await seen(shifted, "three"))];
    const shift = maskShift({ plan: await plan, observations });
    // The fake model's inputs are the same at every step.
    expect(shift.steps).toEqual({ pairs: 2, mean: 1, least: 1 });
    expect(shift.prompts!.mean).toBeLessThan(0.9);
    expect(shift.plan!.least).toBeLessThan(0.9);
    const calibrated = maskShift({ plan: await plan, observations: observations.slice(0, 2) });
    expect(calibrated.plan!.least).toBeGreaterThan(0.95);
  });
});
