import { createReferenceBackend } from "@paroattn/backend";
import {
  axisOrders,
  blockLength,
  blockScores,
  combineScores,
  gatherIndices,
  partitionLayout,
  tokenCount,
} from "@paroattn/reorder";
import { afterAll, describe, expect, it } from "vitest";
import {
  denseAttention,
  InspectionError,
  inspectAttention,
  type LayerView,
  PlanError,
} from "../src/index.js";
import { type FakeModel, generate } from "./fake-model.js";
import { type Planted, plantAxisLocal } from "./planted.js";
import { smallLayout, smallPlan } from "./small-plan.js";

const backend = createReferenceBackend();
afterAll(() => backend.dispose());

const layout = smallLayout;
const heads = 2;
const headDim = 8;
const reaches = [{ frames: 0.5 }, { height: 1, width: 1 }];
const plant = (seed: number) => plantAxisLocal({ layout, reaches, headDim, seed });
const model: FakeModel = {
  backend,
  layout,
  heads,
  headDim,
  timesteps: [900, 500, 100],
  layers: [
    [plant(1), plant(2)],
    [plant(3), plant(4)],
  ],
};
const scoring = { orders: "chosen", alpha: 0.3, sigma: 0.6, epsilon: 2e-3 } as const;
const plan = smallPlan({ heads, scoring }, 0.4);

async function view(options: { step?: number; layer?: number } = {}) {
  const views: LayerView[] = [];
  const attention = inspectAttention({ plan, ...options, visit: (seen) => void views.push(seen) });
  const generation = await generate(model, attention);
  return { views, generation };
}

/** One head's softmax map by the definition, [tokens, tokens] in sequence order. */
function softmaxMap({ query, key }: Planted, head: number): Float64Array {
  const tokens = tokenCount(layout);
  const map = new Float64Array(tokens * tokens);
  for (let q = 0; q < tokens; q++) {
    const row = map.subarray(q * tokens, (q + 1) * tokens);
    for (let k = 0; k < tokens; k++) {
      let dot = 0;
      for (let d = head * headDim; d < (head + 1) * headDim; d++) {
        dot += query[q * heads * headDim + d]! * key[k * heads * headDim + d]!;
      }
      row[k] = Math.exp(dot / Math.sqrt(headDim));
    }
    const total = row.reduce((sum, value) => sum + value, 0);
    for (let k = 0; k < tokens; k++) row[k]! /= total;
  }
  return map;
}

/** Block of each position of the sequence. */
const partition = partitionLayout(layout);
const blockAt = Array.from({ length: partition.blocks }, (_, block) =>
  new Array<number>(blockLength(partition, block)).fill(block),
).flat();

const mean = (a: number, b: number) => (a + b) / 2;

describe("inspectAttention", () => {
  it("shows the block masses and the scores of the softmax map, averaged over the branches", async () => {
    const { views } = await view({ step: 2, layer: 1 });
    expect(views).toHaveLength(1);
    const [seen] = views;
    expect(seen).toMatchObject({ layer: 1, step: 2, steps: 3, timestep: 100, layout });
    expect(seen!.branches).toEqual(["unconditional", "conditional"]);
    expect(seen!.heads.map(({ head }) => head)).toEqual([0, 1]);
    const tokens = tokenCount(layout);
    const { blocks } = partition;
    for (const { head, orders } of seen!.heads) {
      const maps = model.layers[1]!.map((branch) => softmaxMap(branch, head));
      const candidates = axisOrders(layout).map((order) => {
        const [first, second] = maps.map((map) => {
          const { sigma, epsilon } = scoring;
          return blockScores({ map, layout, order, sigma, epsilon });
        });
        const sparse = mean(first!.sparse, second!.sparse);
        return { order, sparse, quant: mean(first!.quant, second!.quant) };
      });
      const { costs } = combineScores({ candidates, alpha: scoring.alpha });
      expect(orders.map(({ order }) => order)).toEqual(axisOrders(layout));
      for (const [index, { order, masses, ...score }] of orders.entries()) {
        expect(score.sparse).toBeCloseTo(candidates[index]!.sparse, 6);
        expect(score.quant).toBeCloseTo(candidates[index]!.quant, 4);
        expect(score.cost).toBeCloseTo(costs[index]!, 6);
        const expected = new Float64Array(blocks * blocks);
        const indices = gatherIndices(layout, order);
        for (let query = 0; query < tokens; query++) {
          const rows = blockLength(partition, blockAt[query]!);
          for (let key = 0; key < tokens; key++) {
            const at = indices[query]! * tokens + indices[key]!;
            const entry = mean(maps[0]![at]!, maps[1]![at]!);
            expected[blockAt[query]! * blocks + blockAt[key]!]! += entry / rows;
          }
        }
        masses.forEach((mass, tile) => {
          expect(mass).toBeCloseTo(expected[tile]!, 6);
        });
      }
    }
  });

  it("tells what the plan's mask of the step's bucket computes and keeps", async () => {
    const { views } = await view({ step: 1, layer: 0 });
    const tokens = tokenCount(layout);
    expect(views[0]!.bucket).toEqual({ index: 1, from: 400, below: 700 });
    for (const { head, planned, mask, density, keptMass } of views[0]!.heads) {
      expect(planned).toBe(plan.orders[0]![head]);
      const maps = model.layers[0]!.map((branch) => softmaxMap(branch, head));
      const indices = gatherIndices(layout, planned);
      let pairs = 0;
      let kept = 0;
      for (let query = 0; query < tokens; query++) {
        for (let key = 0; key < tokens; key++) {
          if (!mask.get(0, blockAt[query]!, blockAt[key]!)) continue;
          pairs++;
          const at = indices[query]! * tokens + indices[key]!;
          kept += mean(maps[0]![at]!, maps[1]![at]!);
        }
      }
      // Some blocks are kept and some are not, or these numbers would prove nothing.
      expect(density).toBeLessThan(1);
      expect(density).toBeCloseTo(pairs / tokens ** 2, 12);
      expect(keptMass).toBeCloseTo(kept / tokens, 6);
    }
  });

  it("takes the mask from the plan's bytes, head by head", async () => {
    const { views } = await view({ step: 1 });
    const bytes = Math.ceil(partition.blocks ** 2 / 8);
    const found = views.flatMap((seen) => seen.heads.map(({ mask }) => [...mask.bits]));
    const start = 1 * plan.layers * heads * bytes; // bucket 1
    const expected = Array.from({ length: plan.layers * heads }, (_, index) => [
      ...plan.masks.subarray(start + index * bytes, start + (index + 1) * bytes),
    ]);
    expect(found).toEqual(expected);
  });

  it("answers dense, and looks at all layers of the middle step unless told otherwise", async () => {
    const { views, generation } = await view();
    const dense = await generate(model, denseAttention());
    expect(generation.outputs).toEqual(dense.outputs);
    expect(generation.report).toMatchObject({ strategy: "inspect", density: 1 });
    expect(views.map(({ step, layer }) => [step, layer])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it("lets the model wait for the visitor and tells how far it is", async () => {
    const seen: string[] = [];
    await generate(
      model,
      inspectAttention({
        plan,
        visit: async ({ layer }) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          seen.push(`visited ${layer}`);
        },
        onProgress: ({ stage, site, sites }) => seen.push(`${stage} ${site}/${sites}`),
      }),
    );
    expect(seen).toEqual([
      ...["before 1/2", "before 2/2"],
      ...["visited 0", "at 1/2", "visited 1", "at 2/2"],
    ]);
  });

  it("refuses what is not there, and a plan of another model", async () => {
    const start = (options: { step?: number; layer?: number }) => view(options);
    await expect(start({ step: 3 })).rejects.toThrow("a step from 0 to 2 but found 3");
    await expect(start({ layer: 2 })).rejects.toThrow("a layer from 0 to 1 but found 2");
    await expect(start({ layer: -1 })).rejects.toSatisfy(InspectionError.isInstance);
    const other = inspectAttention({ plan: smallPlan(), visit: () => {} });
    await expect(generate(model, other)).rejects.toSatisfy(PlanError.isInstance);
  });
});
