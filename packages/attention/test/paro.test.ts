import { type Backend, createReferenceBackend, type DeviceMask } from "@paroattn/backend";
import { imageLayout, partitionLayout } from "@paroattn/reorder";
import { afterAll, describe, expect, it } from "vitest";
import {
  denseAttention,
  describePrecision,
  PlanError,
  paroAttention,
  planMask,
  precisionFromName,
} from "../src/index.js";
import { type FakeModel, generate, generationOf, relativeError } from "./fake-model.js";
import { plantAxisLocal } from "./planted.js";
import { smallLayout, smallPlan } from "./small-plan.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

const reaches = [{ width: 1 }, { height: 1 }, { frames: 0.5 }];
const model: FakeModel = {
  backend,
  layout: smallLayout,
  heads: 3,
  headDim: 8,
  timesteps: [900, 500, 300, 100],
  layers: [0, 1].map((layer) =>
    [0, 1].map((branch) =>
      plantAxisLocal({
        layout: smallLayout,
        reaches,
        headDim: 8,
        seed: 10 * layer + branch,
        peak: 3,
      }),
    ),
  ),
};
const allOnes = () => smallPlan({}, 1);

describe("paroAttention", () => {
  it("equals dense attention when every block is live, whatever the orders", async () => {
    const dense = await generate(model, denseAttention());
    const paro = await generate(model, paroAttention({ plan: allOnes() }));
    expect(dense.report).toMatchObject({ strategy: "dense", density: 1 });
    expect(paro.report).toMatchObject({ strategy: "paro", density: 1 });
    // Orders change the order of summation alone: a few roundings of f32.
    expect(relativeError(paro, dense)).toBeLessThan(1e-6);
  });

  it("computes in the precision that is asked for, else in the plan's, and reports it", async () => {
    const plan = { ...allOnes(), precision: { qk: "int8", pv: "f32" } as const };
    const inCodes = precisionFromName("int8:tileRow");
    const full = await generate(model, denseAttention());
    const own = await generate(model, paroAttention({ plan }));
    const asked = await generate(model, paroAttention({ plan, precision: inCodes }));
    const dense = await generate(model, denseAttention({ precision: inCodes }));
    expect(full.report).toMatchObject({
      precision: { qk: "f32", pv: "f32" },
      arithmetic: "native",
    });
    expect(describePrecision(own.report)).toBe("int8-qk (simulated, no speed claim)");
    expect(describePrecision(asked.report)).toBe("int8:tileRow (simulated, no speed claim)");
    expect(dense.report).toMatchObject({ precision: inCodes, arithmetic: "simulated" });
    for (const { outputs } of [own, asked, dense]) {
      const error = relativeError({ ...full, outputs }, full);
      expect(error).toBeGreaterThan(1e-4);
      expect(error).toBeLessThan(0.05);
    }
    expect(relativeError(asked, dense)).toBeGreaterThan(1e-4);
  });

  it("is refused at the start where the backend does not execute the precision", async () => {
    const precision = { qk: "f32", pv: "fp8" } as const;
    const plan = allOnes();
    for (const strategy of [denseAttention({ precision }), paroAttention({ plan, precision })]) {
      await expect(generate(model, strategy)).rejects.toThrow("fp8 attention is not available yet");
    }
    expect(() => denseAttention({ precision: { ...precision, valueScale: "rank1" } })).toThrow(
      "expected precision.valueScale only with values of int8 or int4",
    );
  });

  it("gives the same result in a row and at once", async () => {
    const strategy = paroAttention({ plan: smallPlan() });
    const other = { ...model, timesteps: [950, 800, 450, 20] };
    const first = await generate(model, strategy);
    const second = await generate(model, strategy);
    const [third, , fourth] = await Promise.all([
      generate(model, strategy),
      generate(other, strategy),
      generate(model, strategy),
    ]);
    for (const again of [second, third, fourth]) expect(again).toEqual(first);
    const dense = await generate(model, denseAttention());
    expect(relativeError(first, dense)).toBeGreaterThan(0.01);
  });

  it("shares a mask between guidance branches", async () => {
    const plan = smallPlan();
    const strategy = paroAttention({ plan });
    const both = await generate(model, strategy);
    for (const branch of [0, 1]) {
      const alone = { ...model, layers: model.layers.map((layer) => [layer[branch]!]) };
      const { outputs, report } = await generate(alone, strategy);
      outputs.forEach((row, step) => {
        row.forEach((output, layer) => {
          const all = both.outputs[step]![layer]!;
          expect(output).toEqual(
            all.subarray(branch * output.length, (branch + 1) * output.length),
          );
        });
      });
      expect(report.density).toBeCloseTo(both.report.density, 12);
    }
  });

  it("uses the masks of the timestep's bucket and reports what they execute", async () => {
    const plan = smallPlan();
    const partition = partitionLayout(smallLayout);
    const densityOf = (bucket: number, layer: number) =>
      planMask(plan, { bucket, layer }).density({
        queryPartition: partition,
        keyPartition: partition,
      });
    // Timesteps 900 | 500 | 300 and 100, as the boundaries 700 and 400 cut them.
    const expected = [0, 1, 2, 2].flatMap((bucket) => [densityOf(bucket, 0), densityOf(bucket, 1)]);
    const { report } = await generate(model, paroAttention({ plan }));
    expect(report.density).toBeCloseTo(expected.reduce((a, b) => a + b) / expected.length, 12);
    const early = await generate({ ...model, timesteps: [900] }, paroAttention({ plan }));
    expect(early.report.density).toBeCloseTo((densityOf(0, 0) + densityOf(0, 1)) / 2, 12);
    expect(early.report.density).not.toBe(report.density);
  });

  it("holds masks packed, as views of the plan, and gives one layer's at a time to the device", async () => {
    const plan = smallPlan();
    let alive = 0;
    const prepared: { readonly bits: Uint8Array; readonly alive: number }[] = [];
    const counting = onMasks(backend, (mask, device) => {
      if (!("bits" in mask)) throw new Error("one mask serves all rows");
      const { bits } = mask;
      prepared.push({ bits, alive: ++alive });
      const dispose = device.dispose.bind(device);
      const release = () => {
        alive--;
        dispose();
      };
      return Object.assign(device, { dispose: release, [Symbol.dispose]: release });
    });
    await generate({ ...model, backend: counting }, paroAttention({ plan }));
    // 4 steps of 2 layers.
    expect(prepared.map(({ alive }) => alive)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(alive).toBe(0);
    expect(prepared.every(({ bits }) => bits.buffer === plan.masks.buffer)).toBe(true);
    // Timesteps 300 and 100 are of the bucket that the second half shares: the very same bytes.
    const places = prepared.map(({ bits }) => bits.byteOffset);
    expect(places.slice(6)).toEqual(places.slice(4, 6));
    expect(new Set(places).size).toBe(6);
    expect(plan.masks.length).toBe(6 * prepared[0]!.bits.length);
  });
});

/** The backend, and every scope in it, with prepared masks seen by a test. */
function onMasks<T extends Backend>(
  backend: T,
  see: (mask: Parameters<Backend["prepareMask"]>[0], device: DeviceMask) => DeviceMask,
): T {
  return new Proxy(backend, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name === "scope") return () => onMasks(target.scope(), see);
      if (name !== "prepareMask") return value.bind(target);
      return (mask: Parameters<Backend["prepareMask"]>[0]) => see(mask, target.prepareMask(mask));
    },
  });
}

describe("a plan for something else", () => {
  const start = (plan: ReturnType<typeof smallPlan>, changes: Partial<FakeModel> = {}) =>
    Promise.resolve(paroAttention({ plan }).start(generationOf({ ...model, ...changes }, backend)));

  it.each([
    ["architecture", { architecture: "Other" }, /"FakeTransformer2DModel".*found.*"Other"/],
    ["layout", { layout: imageLayout({ height: 6, width: 28 }) }, /150 text \+ 4x6x7.*6x28/],
    ["layers", { layers: model.layers.slice(1) }, /2 layers.*1 layers/],
    ["heads", { heads: 5 }, /3 heads.*5 heads/],
  ])("is refused for another %s, which it names", async (_, changes, message) => {
    const error = await start(smallPlan(), changes).catch((error: unknown) => error);
    expect(PlanError.isInstance(error)).toBe(true);
    expect((error as Error).message).toMatch(message);
  });

  it("names everything that differs", async () => {
    const changes = { heads: 5, layout: imageLayout({ height: 6, width: 28 }) };
    await expect(start(smallPlan(), changes)).rejects.toThrow(/layout .*3 heads.* 5 heads/);
  });

  it("is refused for timesteps that its buckets do not tell apart", async () => {
    const error = await start(smallPlan(), { timesteps: [0.9, 0.6, 0.3] }).catch((error) => error);
    expect(PlanError.isInstance(error)).toBe(true);
    expect(error.message).toBe(
      "Expected timesteps of which the plan's 3 buckets, cut from 700 to 400, hold some each but found 3 from 0.9 to 0.3, all in one",
    );
    // One step meets one bucket, and a plan of one bucket serves any scale.
    await start(smallPlan(), { timesteps: [0.9] });
    await start(smallPlan({ buckets: { boundaries: [], steps: [4] } }), { timesteps: [0.9, 0.6] });
  });

  it("runs with other weights after one warning", async () => {
    const warnings: string[] = [];
    const fineTune = {
      ...model,
      fingerprint: "fedcba9876543210",
      warn: (message: string) => warnings.push(message),
    };
    const paro = await generate(fineTune, paroAttention({ plan: allOnes() }));
    expect(warnings).toEqual([expect.stringMatching(/0123456789ab.*fedcba987654/)]);
    expect(paro.report.density).toBe(1);
  });
});
