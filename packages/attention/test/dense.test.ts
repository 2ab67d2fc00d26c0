import { createReferenceBackend } from "@paroattn/backend";
import { axisOrders, videoLayout } from "@paroattn/reorder";
import { afterAll, expect, it } from "vitest";
import { denseAttention } from "../src/index.js";
import { type FakeModel, generate, relativeError } from "./fake-model.js";
import { plantAxisLocal } from "./planted.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

const layout = videoLayout({ frames: 3, height: 4, width: 6, textTokens: 5 });
const site = plantAxisLocal({
  layout,
  reaches: [{ width: 1 }, { frames: 1 }],
  headDim: 8,
  seed: 1,
});
const model: FakeModel = {
  backend,
  layout,
  heads: 2,
  headDim: 8,
  timesteps: [900, 100],
  layers: [[site]],
};

it("is the same in every order, but for rounding", async () => {
  const dense = await generate(model, denseAttention());
  for (const order of axisOrders(layout)) {
    const ordered = await generate(model, denseAttention({ order }));
    expect(ordered.report).toEqual(dense.report);
    expect(relativeError(ordered, dense)).toBeLessThan(1e-6);
  }
});

it("refuses an order that the layout does not have", async () => {
  await expect(generate(model, denseAttention({ order: "HW" }))).rejects.toThrow(/order/);
});
