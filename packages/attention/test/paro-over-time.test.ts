import { afterAll, describe, expect, it } from "vitest";
import {
  CalibrationError,
  denseAttention,
  makePlan,
  type Plan,
  paroAttention,
  ScheduleError,
} from "../src/index.js";
import { backend, models, options, shifted as other } from "./calibrated-models.js";
import { type FakeModel, generate, relativeError } from "./fake-model.js";

afterAll(() => backend.dispose());

const calibrated = models[0]!;
const planOf = (model: FakeModel, changes: Partial<typeof options> = {}) =>
  makePlan({
    ...options,
    prompts: ["one"],
    seeds: [1],
    generate: (strategy) => generate(model, strategy).then(() => {}),
    ...changes,
  });
const plan = planOf(calibrated);

describe("paroAttention with a refresh", () => {
  /** What calibrating on one step of the other prompt gives, in the plan's orders. */
  const recalibrated = async (timestep: number, model = other): Promise<Plan> =>
    planOf({ ...model, timesteps: [timestep] }, { forcedOrders: (await plan).orders });

  it("keeps from then on what a calibration on that step would keep", async () => {
    const schedule = { refresh: [1] };
    const refreshed = await generate(other, paroAttention({ plan: await plan, schedule }));
    const planned = await generate(other, paroAttention({ plan: await plan }));
    const dense = await generate(other, denseAttention());
    const own = paroAttention({ plan: await recalibrated(600) });
    const expected = await generate({ ...other, timesteps: [300, 100] }, own);

    expect(refreshed.outputs[0]).toEqual(planned.outputs[0]);
    // Orders change the order of summation alone.
    const step = (of: typeof dense) => ({ ...of, outputs: [of.outputs[1]!] });
    expect(relativeError(step(refreshed), step(dense))).toBeLessThan(1e-6);
    expect(refreshed.outputs.slice(2)).toEqual(expected.outputs);
    expect(refreshed.outputs[2]).not.toEqual(planned.outputs[2]);
  });

  it("takes a layer in which the branches are still alike as it comes", async () => {
    const [first, second] = other.layers as [FakeModel["layers"][0], FakeModel["layers"][0]];
    const alike: FakeModel = { ...other, layers: [[first[1]!], second] };
    const schedule = { refresh: [1] };
    const refreshed = await generate(alike, paroAttention({ plan: await plan, schedule }));
    const own = paroAttention({ plan: await recalibrated(600, alike) });
    const expected = await generate({ ...alike, timesteps: [300, 100] }, own);
    expect(refreshed.outputs.slice(2)).toEqual(expected.outputs);
    expect(refreshed.report.density).toBeGreaterThan(expected.report.density);
  });

  it("counts a refresh as dense attention and a pass of statistics", async () => {
    const schedule = { refresh: [1] };
    const { report } = await generate(other, paroAttention({ plan: await plan, schedule }));
    const first = { ...other, timesteps: [900] };
    const before = await generate(first, paroAttention({ plan: await plan }));
    const after = (await recalibrated(600)).density.met;
    const [early, late] = [before.report.density, after];
    expect(report.density).toBeCloseTo((early + 2 + 2 * late) / 4, 12);
    expect(report.strategy).toBe("paro");
  });

  it("holds the masses of a step in a scratch file as well", async () => {
    const schedule = { refresh: { every: 2 } };
    const inMemory = paroAttention({ plan: await plan, schedule });
    const inFile = paroAttention({ plan: await plan, schedule, memoryLimit: 0 });
    expect(await generate(other, inFile)).toEqual(await generate(other, inMemory));
    const nowhere = paroAttention({
      plan: await plan,
      schedule,
      memoryLimit: 0,
      scratchFolder: "/nowhere/at/all",
    });
    await expect(generate(other, nowhere)).rejects.toSatisfy(CalibrationError.isInstance);
  });

  it("makes masks for each picture of a batch by itself", async () => {
    // Rows: both pictures without, then both with the prompt.
    const together: FakeModel = {
      ...calibrated,
      layers: calibrated.layers.map((branches, layer) =>
        branches.flatMap((row, branch) => [row, other.layers[layer]![branch]!]),
      ),
    };
    const strategy = paroAttention({ plan: await plan, schedule: { refresh: [1] } });
    const both = await generate(together, strategy);
    for (const [picture, model] of [calibrated, other].entries()) {
      const alone = await generate(model, strategy);
      alone.outputs.forEach((layers, step) => {
        layers.forEach((output, layer) => {
          const size = output.length / 2;
          const all = both.outputs[step]![layer]!;
          for (const branch of [0, 1]) {
            const row = 2 * branch + picture;
            expect(all.subarray(row * size, (row + 1) * size)).toEqual(
              output.subarray(branch * size, (branch + 1) * size),
            );
          }
        });
      });
    }
  });

  it("gives the same result in a row and at once", async () => {
    const strategy = paroAttention({ plan: await plan, schedule: { warmUp: 1, refresh: [1] } });
    const first = await generate(other, strategy);
    const [second, , third] = await Promise.all([
      generate(other, strategy),
      generate(calibrated, strategy),
      generate(other, strategy),
    ]);
    for (const again of [second, third]) expect(again).toEqual(first);
  });
});

describe("paroAttention with a warm-up", () => {
  it("is dense at first", async () => {
    const dense = await generate(calibrated, denseAttention());
    const planned = await generate(calibrated, paroAttention({ plan: await plan }));
    const schedule = { warmUp: 2 };
    const warmed = await generate(calibrated, paroAttention({ plan: await plan, schedule }));
    expect(warmed.outputs.slice(0, 2)).toEqual(dense.outputs.slice(0, 2));
    expect(warmed.outputs.slice(2)).toEqual(planned.outputs.slice(2));
    const second = { ...calibrated, timesteps: [300, 100] };
    const onePlan = paroAttention({
      plan: {
        ...(await plan),
        buckets: { boundaries: [], steps: [4] },
        masks: secondHalf(await plan),
      },
    });
    const late = (await generate(second, onePlan)).report.density;
    expect(warmed.report.density).toBeCloseTo((2 + 2 * late) / 4, 12);
  });

  it("is refused before the first step where the run is shorter", async () => {
    const run = paroAttention({ plan: await plan, schedule: { warmUp: 5 } });
    await expect(generate(calibrated, run)).rejects.toSatisfy(ScheduleError.isInstance);
    const late = paroAttention({ plan: await plan, schedule: { refresh: [4] } });
    await expect(generate(calibrated, late)).rejects.toThrow(
      "Expected refresh steps from 0 to 3 but found 4",
    );
  });
});

/** The masks of the last bucket alone. */
function secondHalf({ masks, buckets }: Plan): Uint8Array {
  return masks.slice((masks.length / buckets.steps.length) * (buckets.steps.length - 1));
}
