import { partitionLayout } from "@paroattn/reorder";
import type { BlockMask } from "@paroattn/sparse-masks";
import { afterAll, describe, expect, it } from "vitest";
import {
  type AttentionStrategy,
  CalibrationError,
  type CriterionKind,
  encodePlan,
  makePlan,
  makePlans,
  observeMasks,
  type Plan,
  parsePlan,
  planMask,
} from "../src/index.js";
import { backend, layout, models, options } from "./calibrated-models.js";
import { generate } from "./fake-model.js";

afterAll(() => backend.dispose());

const KINDS: readonly CriterionKind[] = ["globalBudget", "headDensity", "threshold", "topP"];
const DENSITIES = [0.7, 0.5] as const;
const partition = partitionLayout(layout);
/** One block of 64x64 among all of a head's pairs, the largest step that a head's density can take. */
const ONE_BLOCK = 64 ** 2 / partition.tokens ** 2;

let passes = 0;
const plans = makePlans({
  ...options,
  densities: DENSITIES,
  criteria: KINDS,
  generate: async (strategy: AttentionStrategy) => {
    passes++;
    await options.generate(strategy);
  },
});

async function planOf(kind: CriterionKind, density: (typeof DENSITIES)[number]): Promise<Plan> {
  return (await plans)[KINDS.indexOf(kind) * DENSITIES.length + DENSITIES.indexOf(density)]!;
}

/** All masks of a plan, [buckets x layers]. */
function masksOf(plan: Plan): BlockMask[] {
  return plan.buckets.steps.flatMap((_, bucket) =>
    Array.from({ length: plan.layers }, (_, layer) => planMask(plan, { bucket, layer })),
  );
}

/** The density of each head of each mask. */
function headDensities(masks: readonly BlockMask[]): number[] {
  return masks.flatMap((mask) =>
    Array.from({ length: mask.heads }, (_, head) => {
      let pairs = 0;
      for (let query = 0; query < partition.blocks; query++) {
        for (let key = 0; key < partition.blocks; key++) {
          const rows = partition.starts[query + 1]! - partition.starts[query]!;
          const columns = partition.starts[key + 1]! - partition.starts[key]!;
          if (mask.get(head, query, key)) pairs += rows * columns;
        }
      }
      return pairs / partition.tokens ** 2;
    }),
  );
}

describe("a criterion", () => {
  it("shares the passes with the others, one plan per density each", async () => {
    const asked = (await plans).map(({ criterion, density }) => [criterion.kind, density.asked]);
    expect(asked).toEqual(KINDS.flatMap((kind) => DENSITIES.map((density) => [kind, density])));
    expect(passes).toBe(2);
  });

  it.each(KINDS)("%s meets the density that was asked for, up to a block a head", async (kind) => {
    for (const density of DENSITIES) {
      const { met } = (await planOf(kind, density)).density;
      expect(Math.abs(met - density), `${density}`).toBeLessThan(ONE_BLOCK);
    }
    const [more, less] = [await planOf(kind, 0.7), await planOf(kind, 0.5)];
    expect(more.density.met).toBeGreaterThan(less.density.met);
  });

  it.each(KINDS)("%s is held by a file", async (kind) => {
    const plan = await planOf(kind, 0.5);
    expect(await parsePlan(encodePlan(plan))).toEqual(plan);
  });

  it("is what makePlan makes too", async () => {
    const made = await makePlan({ ...options, criterion: "topP" });
    expect(made).toEqual(await planOf("topP", 0.5));
  });

  it("headDensity gives no head more than its share, which a global budget does", async () => {
    const heads = async (kind: CriterionKind) => headDensities(masksOf(await planOf(kind, 0.5)));
    expect(Math.max(...(await heads("headDensity")))).toBeLessThanOrEqual(0.5 + 1e-12);
    expect(Math.max(...(await heads("globalBudget")))).toBeGreaterThan(0.5 + 1e-12);
  });

  it("threshold is the global budget's, without its share of the blocks at the threshold", async () => {
    const budget = await planOf("globalBudget", 0.5);
    const fixed = await planOf("threshold", 0.5);
    if (budget.criterion.kind !== "globalBudget") throw new Error("another kind");
    const { threshold } = budget.criterion;
    expect(fixed.criterion).toEqual({ kind: "threshold", threshold, textOnlyShare: 0.99 });
    const all = masksOf(budget);
    for (const [index, mask] of masksOf(fixed).entries()) {
      // What it keeps, the budget keeps too.
      expect(mask.bits.every((byte, at) => (byte & ~all[index]!.bits[at]!) === 0)).toBe(true);
    }
  });

  it("topP takes more mass for a higher density", async () => {
    const [more, less] = [await planOf("topP", 0.7), await planOf("topP", 0.5)];
    if (more.criterion.kind !== "topP" || less.criterion.kind !== "topP") {
      throw new Error("another kind");
    }
    expect(more.criterion.mass).toBeGreaterThan(less.criterion.mass);
  });

  it("of a plan is followed where masks are made anew", async () => {
    const plan = await planOf("headDensity", 0.5);
    const seen: BlockMask[] = [];
    const visit = ({ masks }: { readonly masks: readonly BlockMask[] }) => void seen.push(...masks);
    await generate(models[0]!, observeMasks({ plan, steps: [0], visit }));
    expect(seen).toHaveLength(2);
    expect(Math.max(...headDensities(seen))).toBeLessThanOrEqual(0.5 + 1e-12);
  });
});

it.each([
  ["none", []],
  ["an unknown one", ["largest" as CriterionKind]],
])("%s is refused before anything runs", async (_, criteria) => {
  const generate = () => Promise.reject(new Error("must not run"));
  const made = makePlans({ ...options, generate, densities: [0.5], criteria });
  await expect(made).rejects.toSatisfy(CalibrationError.isInstance);
});
