import { createReferenceBackend } from "@paroattn/backend";
import {
  axisOrders,
  imageLayout,
  nativeOrder,
  type TokenLayout,
  videoLayout,
} from "@paroattn/reorder";
import { expect, it } from "vitest";
import { denseAttention, makePlan, paroAttention } from "../src/index.js";
import { type FakeModel, generate, relativeError } from "./fake-model.js";
import { plantAxisLocal, type Reach } from "./planted.js";

const DENSITY = 0.3;
const HEAD_DIM = 32;

/** One head that looks near itself along some axes and everywhere along the others, calibrated alone. */
async function calibrateHead(options: {
  readonly layout: TokenLayout;
  readonly reach: Reach;
  readonly seed: number;
}) {
  const { layout, reach, seed } = options;
  const planted = plantAxisLocal({ layout, reaches: [reach], headDim: HEAD_DIM, seed });
  const backend = createReferenceBackend();
  const model: FakeModel = {
    backend,
    layout,
    heads: 1,
    headDim: HEAD_DIM,
    timesteps: [500],
    layers: [[planted]],
  };
  const common = {
    prompts: ["planted"],
    seeds: [seed],
    density: DENSITY,
    generate: async (strategy: Parameters<typeof generate>[1]) => {
      await generate(model, strategy);
    },
  };
  const dense = await generate(model, denseAttention());
  const plan = await makePlan(common);
  const native = await makePlan({ ...common, forcedOrders: "native" });
  const errorOf = async (plan: Parameters<typeof paroAttention>[0]["plan"]) =>
    relativeError(await generate(model, paroAttention({ plan })), dense);
  const result = {
    order: plan.orders[0]![0]!,
    error: await errorOf(plan),
    nativeError: await errorOf(native),
    met: [plan.density.met, native.density.met],
  };
  backend.dispose();
  return result;
}

const image = imageLayout({ height: 24, width: 40 });
const tall = imageLayout({ height: 37, width: 21 });
const video = videoLayout({ frames: 9, height: 10, width: 11 });
const awkward = videoLayout({ frames: 5, height: 12, width: 14 });
const long = videoLayout({ frames: 13, height: 6, width: 11 });

const cases: [string, TokenLayout, Reach, string[]][] = [
  ["width", image, { width: 1.5 }, ["WH"]],
  ["height", image, { height: 1.5 }, ["HW"]],
  ["width", tall, { width: 1 }, ["WH"]],
  ["height", video, { height: 0.8 }, ["HFW", "HWF"]],
  ["width", video, { width: 0.8 }, ["WFH", "WHF"]],
  ["frames", video, { frames: 0.8 }, ["FHW", "FWH"]],
  ["width", awkward, { width: 1 }, ["WFH", "WHF"]],
  ["height", awkward, { height: 1 }, ["HFW", "HWF"]],
  ["height and width", long, { height: 0.5, width: 1 }, ["HWF", "WHF"]],
];

for (const [axes, layout, reach, expected] of cases) {
  for (const seed of [1, 2, 3]) {
    it(`${axes} ${layout.frames}x${layout.height}x${layout.width} seed ${seed}`, async () => {
      const t = performance.now();
      const result = await calibrateHead({ layout, reach, seed });
      console.log(
        "R",
        axes,
        seed,
        JSON.stringify(result),
        "ratio",
        (result.error / result.nativeError).toFixed(3),
        (performance.now() - t).toFixed(0),
      );
      expect(expected).toContain(result.order);
    });
  }
}
void axisOrders;
void nativeOrder;
