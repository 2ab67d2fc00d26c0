import { expect, it } from "vitest";
import { compare } from "../src/measure/compare.js";

const timings = [
  { name: "ceiling", bestMs: 1, medianMs: 2 },
  { name: "dense", bestMs: 10, medianMs: 12 },
  { name: "sparse", bestMs: 4, medianMs: 6 },
];

function ratiosOf(row: string, info: Parameters<typeof compare>[1]) {
  const found = compare(timings, info).find(({ name }) => name === row)!;
  return found.ratios.map(({ as, best, median }) => ({ as, best, median }));
}

it("compares best with best and median with median", () => {
  expect(
    ratiosOf("sparse", {
      sparse: {
        comparisons: [
          { against: "dense", as: "speed" },
          { against: "dense", as: "cost" },
          { against: "dense", as: "part" },
          { against: "dense", as: "ideal", density: 0.3 },
        ],
      },
    }),
  ).toEqual([
    { as: "speed", best: 2.5, median: 2 },
    { as: "cost", best: 0.4, median: 0.5 },
    { as: "part", best: 0.4, median: 0.5 },
    { as: "ideal", best: 0.75, median: 0.6 },
  ]);
});

it("compares rates by the work behind the times", () => {
  expect(
    ratiosOf("dense", {
      ceiling: { flops: 100 },
      dense: { flops: 800, bytes: 1, comparisons: [{ against: "ceiling", as: "rate" }] },
    }),
  ).toEqual([{ as: "rate", best: 0.8, median: (8 * 2) / 12 }]);
});

it("leaves out comparisons with what did not run", () => {
  expect(
    ratiosOf("dense", { dense: { comparisons: [{ against: "torch", as: "speed" }] } }),
  ).toEqual([]);
});
