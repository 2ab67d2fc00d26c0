import { createReferenceBackend } from "@paroattn/backend";
import { imageLayout, nativeOrder, type TokenLayout, videoLayout } from "@paroattn/reorder";
import { describe, expect, it } from "vitest";
import { type AttentionStrategy, denseAttention, makePlan, paroAttention } from "../src/index.js";
import { type FakeModel, generate, relativeError } from "./fake-model.js";
import { plantAxisLocal, type Reach } from "./planted.js";

const DENSITY = 0.3;
const HEAD_DIM = 32;

/** A head that looks near itself along some axes and everywhere along the others, calibrated alone. */
async function calibrateHead(options: {
  readonly layout: TokenLayout;
  readonly reach: Reach;
  readonly seed: number;
}) {
  const { layout, reach, seed } = options;
  using backend = createReferenceBackend().scope();
  const model: FakeModel = {
    backend,
    layout,
    heads: 1,
    headDim: HEAD_DIM,
    timesteps: [500],
    layers: [[plantAxisLocal({ layout, reaches: [reach], headDim: HEAD_DIM, seed })]],
  };
  const calibration = {
    prompts: ["planted"],
    seeds: [seed],
    density: DENSITY,
    generate: async (strategy: AttentionStrategy) => {
      await generate(model, strategy);
    },
  };
  const dense = await generate(model, denseAttention());
  const result = async (forcedOrders?: "native") => {
    const plan = await makePlan({ ...calibration, ...(forcedOrders && { forcedOrders }) });
    const paro = await generate(model, paroAttention({ plan }));
    return {
      order: plan.orders[0]![0]!,
      met: plan.density.met,
      executed: paro.report.density,
      error: relativeError(paro, dense),
    };
  };
  return { chosen: await result(), native: await result("native") };
}

const wide = imageLayout({ height: 24, width: 40 });
const tall = imageLayout({ height: 37, width: 21 });
const video = videoLayout({ frames: 9, height: 10, width: 11 });
const awkward = videoLayout({ frames: 5, height: 12, width: 14 });
const long = videoLayout({ frames: 13, height: 6, width: 11 });

/** Reaches for which about 0.3 of the map is enough: two standard deviations on each side, and the width of a block. */
const cases: {
  readonly name: string;
  readonly layout: TokenLayout;
  readonly reach: Reach;
  readonly orders: readonly string[];
  readonly seeds: readonly number[];
}[] = [
  { name: "W in HxW", layout: wide, reach: { width: 1.5 }, orders: ["WH"], seeds: [1, 2] },
  { name: "W in a tall HxW", layout: tall, reach: { width: 1 }, orders: ["WH"], seeds: [4] },
  // So thin that natively every block is nearly empty.
  { name: "one column of HxW", layout: wide, reach: { width: 0.3 }, orders: ["WH"], seeds: [5] },
  { name: "H in HxW", layout: wide, reach: { height: 1.5 }, orders: ["HW"], seeds: [6] },
  {
    name: "H in FxHxW",
    layout: video,
    reach: { height: 0.7 },
    orders: ["HFW", "HWF"],
    seeds: [7, 8],
  },
  {
    name: "W in FxHxW",
    layout: awkward,
    reach: { width: 0.8 },
    orders: ["WFH", "WHF"],
    seeds: [9],
  },
  {
    name: "F in FxHxW",
    layout: video,
    reach: { frames: 0.7 },
    orders: ["FHW", "FWH"],
    seeds: [11],
  },
  {
    name: "H and W in FxHxW, along F",
    layout: long,
    reach: { height: 0.5, width: 1 },
    orders: ["HWF", "WHF"],
    seeds: [12, 13],
  },
];

describe.each(cases)("a head local in $name", ({ layout, reach, orders, seeds }) => {
  it.each(seeds)("gets its order and keeps its output at density 0.3, seed %i", async (seed) => {
    const { chosen, native } = await calibrateHead({ layout, reach, seed });
    expect(orders).toContain(chosen.order);
    expect(native.order).toBe(nativeOrder(layout));
    for (const { met, executed } of [chosen, native]) {
      expect(Math.abs(met - DENSITY)).toBeLessThan(0.01);
      expect(executed).toBeCloseTo(met, 12);
    }
    if (chosen.order === native.order) expect(chosen).toEqual(native);
    else expect(chosen.error).toBeLessThan(native.error / 3);
  });
});
