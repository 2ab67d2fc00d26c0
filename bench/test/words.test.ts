import { expect, it } from "vitest";
import type { MeasuredCase } from "../src/measure/case.js";
import type { MeasuredRow } from "../src/measure/compare.js";
import type { Result } from "../src/results/result.js";
import { tables } from "../src/results/table.js";
import { caseText } from "../src/results/text.js";

const measured: MeasuredCase = {
  name: "dense 8 x 4,096 x 64",
  rounds: 15,
  notes: ["int8: simulated, not timed"],
  rows: [
    { name: "FMA ceiling", bestMs: 4, medianMs: 5, flops: 2e9, ratios: [] },
    { name: "onnxruntime-node", bestMs: 100, medianMs: 120, flops: 34.36e9, ratios: [] },
    {
      name: "paroattn",
      bestMs: 80,
      medianMs: 100,
      flops: 34.36e9,
      bytes: 33.6e6,
      ratios: [
        { against: "onnxruntime-node", as: "speed", best: 1.25, median: 1.2 },
        { against: "FMA ceiling", as: "rate", best: 0.859, median: 0.8591 },
      ],
    },
  ],
};

it("prints a case in 80 columns", () => {
  const text = caseText(measured);
  expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
  expect(text).toBe(`dense 8 x 4,096 x 64 (34.4 GFLOP, 33.6 MB, 15 rounds)
                                             best      median
  FMA ceiling                             4.00 ms     5.00 ms    500 GFLOP/s
  onnxruntime-node                       100.0 ms    120.0 ms    344 GFLOP/s
  paroattn                               80.00 ms    100.0 ms    430 GFLOP/s
    1.25x (1.20x) the speed of onnxruntime-node
    85.9 % (85.9 %) of the FMA ceiling
  (int8: simulated, not timed)
`);
});

function part(name: string, share: number): MeasuredRow {
  const ratios = [{ against: "whole", as: "part", best: share, median: share }] as const;
  return { name, bestMs: 1000 * share, medianMs: 1000 * share, ratios };
}

it("writes what is compared into the README's table, with both sides", () => {
  const result: Result = {
    format: "paroattn-bench 1",
    suite: "attention",
    measuredAt: "2026-01-02T03:04:05.678Z",
    commit: "0123456789abcdef",
    changed: false,
    threads: 2,
    machine: {
      cpu: "A processor",
      cores: 2,
      instructionSets: ["avx2", "fma"],
      memoryGiB: 16,
      system: "Linux",
      node: "20.19.0",
      backend: "cpu (AVX2, 2 threads)",
    },
    peers: { "onnxruntime-node": "1.30.0" },
    absent: { torch: "no module" },
    cases: [
      measured,
      {
        name: "loop",
        rounds: 1,
        notes: [],
        rows: [
          { name: "whole", bestMs: 1000, medianMs: 1000, ratios: [] },
          part("linear", 0.2),
          part("slice", 0.009),
        ],
      },
    ],
  };
  expect(tables([result]).split("\n").slice(2)).toEqual([
    "`npm run bench -- attention` on 2026-01-02, commit 0123456: A processor, 2 cores, 2 threads, cpu (AVX2, 2 threads), Node 20.19.0; beside onnxruntime-node 1.30.0, torch is missing (no module).",
    "Best of the rounds, medians in brackets; rates are of the best. Parts under 1 % are left out.",
    "",
    "| case | | time | rate | compared |",
    "| --- | --- | --- | --- | --- |",
    "| dense 8 x 4,096 x 64, 15 rounds | paroattn | 80.00 ms (100.0 ms) | 430 GFLOP/s | 1.25x (1.20x) the speed of onnxruntime-node: 100.0 ms (120.0 ms); 85.9 % (85.9 %) of the FMA ceiling: 500 GFLOP/s |",
    "| | int8: simulated, not timed | | | |",
    "| loop, 1 round | linear | 200.0 ms (200.0 ms) |  | 20.0 % (20.0 %) of whole: 1.000 s (1.000 s) |",
    "",
  ]);
});
