import { describe, expect, it } from "vitest";
import { imageApp } from "../../image-dit/src/app.js";
import { combine, describeCombination } from "../src/evaluate/combinations.js";
import type { Incoherence } from "../src/evaluate/incoherence.js";
import type { PairResult } from "../src/evaluate/pair-result.js";
import { html, inlineJson } from "../src/evaluate/report/html.js";
import { shellQuote } from "../src/evaluate/shell-quote.js";
import {
  type EvaluationLine,
  evaluationLineSchema,
  layerIncoherence,
  summarise,
  tileIncoherence,
} from "../src/evaluate/summary.js";
import { formatEvaluation } from "../src/evaluate/table.js";
import { denseSteps } from "../src/strategies/dense-steps.js";

const pair: PairResult = {
  density: 1,
  denseShare: 1,
  cacheBytes: 0,
  simulated: false,
  psnr: 20,
  ssim: 0.9,
  cosine: 0.99,
  relativeL1: 0.1,
  captionRight: true,
  denseCaptionRight: true,
  motion: { reference: null, caption: null },
  denseMotion: { reference: null, caption: null },
  attentionMs: 100,
  loopMs: 200,
  denseAttentionMs: 300,
  denseLoopMs: 400,
  picture: "a.png",
  densePicture: "b.png",
  measuredAt: "2026-01-01T00:00:00.000Z",
};
const incoherence: Incoherence = {
  orders: ["HW", "WH"],
  // Two layers of two heads.
  tiles: [
    [
      [10, 1],
      [20, 2],
    ],
    [
      [30, 3],
      [40, 4],
    ],
  ],
  rows: [
    [50, 60],
    [70, 80],
  ],
};
const dense = { strategy: "dense", density: 1, precision: "fp32", plan: undefined } as const;

function line(pairs: readonly PairResult[], incoherences = [incoherence]): EvaluationLine {
  const given = { combination: dense, pairs, control: { control: 2, dense: 100 }, incoherences };
  return summarise({ ...given, prompts: ["a", "b"], seeds: [1] });
}

describe("a summary", () => {
  it("is the mean and the sample standard deviation over pictures", () => {
    const made = line([pair, { ...pair, psnr: 26, loopMs: 206 }, { ...pair, psnr: 23 }]);
    expect(made.psnr).toEqual({ mean: 23, spread: 3, identical: 0 });
    expect(made.loopMs.mean).toBe(202);
    expect(made.loopMs.spread).toBeCloseTo(Math.sqrt(12), 12);
    expect(made.pictures).toBe(3);
  });

  it("tells speedups by the middle picture, none of a simulated precision", () => {
    const slow = { ...pair, loopMs: 4000, denseAttentionMs: 900 };
    const made = line([pair, slow, { ...pair, denseLoopMs: 500 }]);
    expect(made.loopSpeedup).toBe(2);
    expect(made.attentionSpeedup).toBe(3);
    expect(line([pair, { ...pair, loopMs: 100 }]).loopSpeedup).toBe(3);
    const simulated = line([{ ...pair, simulated: true }]);
    expect([simulated.loopSpeedup, simulated.attentionSpeedup]).toEqual([null, null]);
  });

  it("leaves pictures without an error out of the PSNR, and counts them", () => {
    const same = { ...pair, psnr: null };
    expect(line([same, pair, { ...pair, psnr: 22 }]).psnr).toMatchObject({
      mean: 21,
      identical: 1,
    });
    expect(line([same, pair]).psnr).toEqual({ mean: 20, spread: null, identical: 1 });
    expect(line([same, same]).psnr).toEqual({ mean: null, spread: null, identical: 2 });
    expect(evaluationLineSchema.parse(line([same, same]))).toBeDefined();
  });

  it("counts captions only where the checker can read them", () => {
    const unread = { ...pair, captionRight: null, denseCaptionRight: null };
    const wrong = { ...pair, captionRight: false };
    const made = line([unread, pair, wrong, pair, pair]);
    expect(made.captionAccuracy!.mean).toBe(0.75);
    expect(made.denseCaptionAccuracy!.mean).toBe(1);
    expect(line([unread]).captionAccuracy).toBeNull();
  });

  it("takes each head's tiles in the order that it has", () => {
    expect(tileIncoherence(incoherence, undefined)).toBe(25);
    const orders = [
      ["WH", "HW"],
      ["HW", "WH"],
    ];
    expect(tileIncoherence(incoherence, orders)).toBe((1 + 20 + 30 + 4) / 4);
    expect(line([pair]).incoherence).toEqual({
      tiles: { mean: 25, spread: null },
      rows: { mean: 65, spread: null },
    });
    expect(layerIncoherence([incoherence], orders)).toEqual([
      { rows: 55, nativeTiles: 15, tiles: 10.5 },
      { rows: 75, nativeTiles: 35, tiles: 17 },
    ]);
  });
});

describe("the table", () => {
  const planned = (
    strategy: "paro" | "paro-native",
    density: number,
    simulated = false,
  ): EvaluationLine => ({
    ...line([
      { ...pair, simulated },
      { ...pair, psnr: 26.5, simulated },
    ]),
    strategy,
    density,
  });
  const lines = [
    line([{ ...pair, psnr: null }]),
    planned("paro", 0.3),
    planned("paro-native", 0.125),
    { ...planned("paro", 0.3, true), precision: "int8:tileRow:u8:rank1:unsmoothed" },
  ];
  const text = formatEvaluation({ app: imageApp, lines, page: "out/index.html" });

  it("is no wider than a terminal", () => {
    for (const row of text.split("\n")) expect(row.length).toBeLessThanOrEqual(80);
  });

  it("tells speeds, but none of a precision that was simulated", () => {
    const rows = text.split("\n");
    expect(rows.find((row) => row.startsWith("dense"))).toMatch(/same .*3\.00x {2}2\.00x$/);
    const start = rows.indexOf("int8:tileRow:u8:rank1:unsmoothed (simulated, no speed claim)");
    expect(start).toBeGreaterThan(0);
    expect(rows[start + 2]).toMatch(/^paro 0\.3 .*23\.25 ± 4\.60 .* - +-$/);
    expect(rows.at(-1)).toBe("out/index.html");
  });
});

it("combines what has densities with each density, and dense with none", () => {
  const run = { steps: 20, frames: 1 };
  const strategies = ["dense", "window", "reuse"] as const;
  const steps = denseSteps({ kind: "common", given: undefined, strategies, run });
  const combined = combine({
    strategies,
    planned: [],
    densities: [0.5, 0.3],
    precisions: ["fp32", "int8"],
    steps,
    run,
  });
  expect(combined.map(describeCombination)).toEqual(
    ["fp32", "int8"].flatMap((precision) =>
      ["dense", "window 0.5", "window 0.3", "reuse"].map((name) => `${name}, ${precision}`),
    ),
  );
  expect(combined[0]).toMatchObject({ schedule: undefined, density: 1 });
  expect(combined[3]).toMatchObject({ schedule: steps.scheduleOf("reuse"), density: 3 / 20 });
  expect(describeCombination({ ...dense, strategy: "paro", density: 0.3 })).toBe("paro 0.3, fp32");
});

it("writes HTML in which text stays text", () => {
  const text = html`<p title="${'"<&>'}">${"<b>"} ${1} ${undefined}${html`<i>${"'"}</i>`}</p>`;
  expect(text.html).toBe('<p title="&quot;&lt;&amp;&gt;">&lt;b&gt; 1 <i>&#39;</i></p>');
  expect(inlineJson({ a: "</script>" }).html).toBe('{"a":"\\u003c/script>"}');
});

it("quotes a command line for a shell", () => {
  expect(shellQuote("--seeds=1,2")).toBe("--seeds=1,2");
  expect(shellQuote("it's a cat")).toBe("'it'\\''s a cat'");
  expect(shellQuote("")).toBe("''");
});
