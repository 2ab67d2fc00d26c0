import { imageLayout, videoLayout } from "@paroattn/reorder";
import type { Tensor } from "@paroattn/tensor";
import type { Backend } from "../../backend.js";
import { attentionBounds } from "../attention/bounds.js";
import { makeInputs, prepare } from "../attention/inputs.js";
import type { AttentionSpec } from "../attention/spec.js";
import type { ConformanceCase } from "../case.js";
import { expectClose, expectThat } from "../compare.js";
import type { ConformanceSettings } from "../options.js";
import { runProgram } from "../run-on-both.js";
import { sumRoundoff } from "../tolerance.js";

const SPECS: readonly AttentionSpec[] = [
  { name: "no layout, ragged tail", heads: 2, headDim: 64, queryTokens: 150 },
  { name: "unequal queries and keys", heads: 2, headDim: 72, queryTokens: 70, keyTokens: 190 },
  {
    name: "image orders, text in front",
    batch: 2,
    heads: 2,
    headDim: 72,
    layout: imageLayout({ height: 9, width: 17, textTokens: 13 }),
    orders: ["WH", "HW"],
  },
  {
    name: "video orders, text in front, norm and rope",
    heads: 3,
    headDim: 64,
    layout: videoLayout({ frames: 3, height: 7, width: 9, textTokens: 30 }),
    orders: ["WFH", "HWF", "FHW"],
    norm: "rms",
    rope: "interleaved",
  },
  {
    name: "key lengths",
    batch: 2,
    heads: 1,
    headDim: 64,
    queryTokens: 130,
    keyTokens: 140,
    keyLengths: [67, 140],
  },
  { name: "peaked maps", heads: 2, headDim: 64, queryTokens: 150, deviation: 3 },
  { name: "a negative scale", heads: 2, headDim: 64, queryTokens: 150, scale: -0.125 },
];

/** The entry that about half of the keys stay below. */
function epsilonOf(spec: AttentionSpec, keys: number): number {
  return (spec.deviation ?? 1) > 1 ? 1e-3 : 0.5 / keys;
}

export function blockStatisticsCases(settings: ConformanceSettings): ConformanceCase[] {
  return SPECS.map((spec) => ({
    name: `blockStatistics: ${spec.name}`,
    operator: "blockStatistics",
    uses: ["prepareAttention", "blockStatistics"],
    headDim: spec.headDim,
    run: async ({ backend, reference, seed }) => {
      const inputs = makeInputs(spec, { ...settings, seed });
      const { logSumExp } = await runProgram(reference, (scope) => ({
        logSumExp: scope.attention({ operands: prepare(scope, inputs), returnLogSumExp: true })
          .logSumExp!,
      }));
      const epsilon = epsilonOf(spec, inputs.keyTokens);
      const { entry } = await attentionBounds(inputs, reference);
      const statistics = (on: Backend, threshold: number) =>
        runProgram(on, (scope) => ({
          ...scope.blockStatistics({
            operands: prepare(scope, inputs),
            logSumExp: scope.upload(logSumExp),
            epsilon: threshold,
          }),
        }));
      const actual = await statistics(backend, epsilon);
      // Entries within their rounding error of epsilon may be counted or not.
      const low = await statistics(reference, epsilon * (1 - entry));
      const high = await statistics(reference, epsilon * (1 + entry));
      expectClose({
        what: "sum",
        actual: actual.sum,
        expected: low.sum,
        bound: (_, value) => (entry + sumRoundoff(64 * 64)) * value,
      });
      expectClose({
        what: "maximum",
        actual: actual.maximum,
        expected: low.maximum,
        bound: (_, value) => entry * value,
      });
      expectCounts({ actual: actual.smallCount, low: low.smallCount, high: high.smallCount });
    },
  }));
}

function expectCounts(counts: { actual: Tensor; low: Tensor; high: Tensor }): void {
  const { actual, low, high } = counts;
  expectThat(
    actual.shape.join() === low.shape.join(),
    `expected smallCount of shape [${low.shape}] but found [${actual.shape}]`,
  );
  for (const [tile, count] of Array.from(actual.data).entries()) {
    const [least, most] = [low.data[tile]!, high.data[tile]!];
    expectThat(
      count >= least && count <= most,
      `expected smallCount[${tile}] in ${least}..${most} but found ${count}`,
    );
  }
}
