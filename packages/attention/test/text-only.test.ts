import { createReferenceBackend } from "@paroattn/backend";
import { imageLayout, partitionLayout, tokenCount } from "@paroattn/reorder";
import { textOnlyHeads } from "@paroattn/sparse-masks";
import { afterAll, describe, expect, it } from "vitest";
import { encodePlan, makePlan, paroAttention, parsePlan, planMask } from "../src/index.js";
import { type FakeModel, generate } from "./fake-model.js";
import { type Planted, plantAxisLocal } from "./planted.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

const text = 20;
const layout = imageLayout({ height: 11, width: 23, textTokens: text });
const tokens = tokenCount(layout);
const [heads, headDim] = [2, 16];
const channels = heads * headDim;

/** The second head looks along rows. The first one's logits are 20 for text keys and noise for others. */
function plant(seed: number): Planted {
  const planted = plantAxisLocal({ layout, reaches: [{}, { width: 1 }], headDim, seed });
  for (let token = 0; token < tokens; token++) {
    for (let channel = 0; channel < headDim; channel++) {
      const at = token * channels + channel;
      const noise = Math.sin(seed + 7 * at);
      planted.query[at] = channel === 0 ? 8 : noise;
      planted.key[at] = channel === 0 ? (token < text ? 10 : 0) : noise / 4;
    }
  }
  return planted;
}

const rows = [plant(1), plant(2)];
const model: FakeModel = {
  backend,
  layout,
  heads,
  headDim,
  timesteps: [900, 600, 100],
  layers: [rows],
};
const calibrate = (changes: {
  readonly density: number;
  readonly textOnlyShare?: number | "off";
}) =>
  makePlan({
    prompts: ["one"],
    seeds: [1],
    generate: (strategy) => generate(model, strategy).then(() => {}),
    ...changes,
  });
const partition = partitionLayout(layout);

/** Attention of head 0 over text keys alone, in float64. */
function overText({ query, key, value }: Planted, token: number): Float64Array {
  const logits = Array.from({ length: text }, (_, other) => {
    let dot = 0;
    for (let d = 0; d < headDim; d++)
      dot += query[token * channels + d]! * key[other * channels + d]!;
    return dot / Math.sqrt(headDim);
  });
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const all = weights.reduce((a, b) => a + b);
  return Float64Array.from({ length: headDim }, (_, d) =>
    weights.reduce((sum, weight, other) => sum + (weight / all) * value[other * channels + d]!, 0),
  );
}

describe("a head that looks only at text", () => {
  it("is found by the calibration, told in the file, and attends to text alone", async () => {
    const plan = await parsePlan(encodePlan(await calibrate({ density: 0.7 })));
    expect(plan.criterion.textOnlyShare).toBe(0.99);
    expect(plan.buckets.steps).toEqual([1, 2]);
    for (const bucket of [0, 1]) {
      const mask = planMask(plan, { bucket, layer: 0 });
      expect(textOnlyHeads(mask, partition)).toEqual([true, false]);
    }
    const { outputs, report } = await generate(model, paroAttention({ plan }));
    // What the other head cannot use is left over: it has all of its blocks, the first one the text.
    const floor = (text * tokens + (tokens - text) * text) / tokens ** 2;
    expect(report.density).toBeCloseTo((1 + floor) / 2, 12);
    let worst = 0;
    for (const [row, planted] of rows.entries()) {
      for (let token = text; token < tokens; token++) {
        overText(planted, token).forEach((expected, d) => {
          const found = outputs[2]![0]![(row * tokens + token) * channels + d]!;
          worst = Math.max(worst, Math.abs(found - expected));
        });
      }
    }
    expect(worst).toBeLessThan(1e-6);
  });

  it("is left alone where that is asked for, and at density 1", async () => {
    for (const changes of [{ density: 0.7, textOnlyShare: "off" }, { density: 1 }] as const) {
      const plan = await calibrate(changes);
      expect(plan.density.met).toBeCloseTo(changes.density, 1);
      expect(plan.criterion).not.toHaveProperty("textOnlyShare");
      expect(textOnlyHeads(planMask(plan, { bucket: 0, layer: 0 }), partition)).toEqual([
        false,
        false,
      ]);
    }
  });

  it("is what a refresh finds as well", async () => {
    const plan = await calibrate({ density: 0.7 });
    const schedule = { refresh: [0] };
    const { report } = await generate(model, paroAttention({ plan, schedule }));
    const planned = await generate(model, paroAttention({ plan }));
    expect(report.density).toBeCloseTo((2 + 2 * planned.report.density) / 3, 12);
  });
});
