import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AxisOrder,
  axisOrders,
  blockScores,
  combineScores,
  epsilonFor,
  gatherIndices,
  imageLayout,
  partitionLayout,
  scoreFromStatistics,
  type TokenLayout,
  tileStatistics,
  tokenCount,
  videoLayout,
  visualStart,
  visualTokens,
} from "../src/index.js";
import { layouts } from "./arbitraries.js";
import { axisLocalMap } from "./axis-local-map.js";

/** The definition: build the reordered map, cut it, look at every block. */
function naiveScores(options: {
  map: Float32Array;
  layout: TokenLayout;
  order: AxisOrder;
  blockSize: number;
  epsilon: number;
  sigma: number;
}) {
  const { map, layout, order, blockSize, epsilon, sigma } = options;
  const tokens = tokenCount(layout);
  const indices = [...gatherIndices(layout, order)];
  const reordered = indices.map((query) =>
    indices.map((key) => map[query * tokens + key] as number),
  );
  const first = visualStart(layout);
  const last = first + visualTokens(layout);
  let entries = 0;
  let sparse = 0;
  let quant = 0;
  for (let q = first; q < last; q += blockSize) {
    for (let k = first; k < last; k += blockSize) {
      const block = reordered
        .slice(q, Math.min(q + blockSize, last))
        .flatMap((row) => row.slice(k, Math.min(k + blockSize, last)));
      const small = block.filter((entry) => entry < epsilon).length;
      const mean = block.reduce((sum, entry) => sum + entry, 0) / block.length;
      entries += block.length;
      if (small / block.length >= sigma) sparse += block.length;
      quant += block.length * (mean === 0 ? 1 : Math.max(...block) / mean);
    }
  }
  return { sparse: sparse / entries, quant: quant / entries };
}

describe("blockScores", () => {
  it("of a 2x2 image in blocks of 2, by hand", () => {
    const layout = imageLayout({ height: 2, width: 2 });
    const map = Float32Array.of(
      ...[0.5, 0.5, 0, 0],
      ...[0.5, 0.5, 0, 0],
      ...[0, 0, 0.75, 0.25],
      ...[0, 0, 0.25, 0.75],
    );
    const scores = (order: AxisOrder) => blockScores({ map, layout, order, blockSize: 2 });
    // HW: two zero blocks (sparse, incoherence 1), one constant (1), one with maximum 0.75 and mean 0.5.
    expect(scores("HW")).toEqual({ sparse: 0.5, quant: (1 + 1 + 1 + 1.5) / 4 });
    // WH takes the tokens 0 2 1 3: each block holds two zeros and the pairs (.5 .75), (.5 .25), (.5 .25), (.5 .75).
    const quant = (2 * (0.75 / 0.3125) + 2 * (0.5 / 0.1875)) / 4;
    expect(scores("WH").sparse).toBe(0);
    expect(scores("WH").quant).toBeCloseTo(quant, 12);
  });

  it("counts a block as sparse from exactly sigma on, and an entry as small below epsilon", () => {
    const layout = imageLayout({ height: 1, width: 10 });
    const map = new Float32Array(100).fill(0.25);
    for (let row = 0; row < 10; row++) map.fill(0, row * 10, row * 10 + 9);
    const options = { map, layout, order: "HW" as const, blockSize: 10 };
    expect(blockScores(options).sparse).toBe(1);
    expect(blockScores({ ...options, sigma: 0.91 }).sparse).toBe(0);
    map.fill(0.25);
    expect(blockScores({ ...options, epsilon: 0.25 }).sparse).toBe(0);
    expect(blockScores({ ...options, epsilon: 0.2500001 }).sparse).toBe(1);
  });

  it("follows the definition on random maps, in every order", () => {
    fc.assert(
      fc.property(
        layouts(),
        fc.integer({ min: 2, max: 9 }),
        fc.integer({ min: 0, max: 1000 }),
        (layout, blockSize, seed) => {
          const tokens = tokenCount(layout);
          if (tokens > 80) return;
          let state = seed + 1;
          const map = Float32Array.from({ length: tokens * tokens }, () => {
            state = (Math.imul(state, 48271) + 11) >>> 0;
            return state % 3 === 0 ? state / 2 ** 32 : 0;
          });
          for (const order of axisOrders(layout)) {
            const options = { map, layout, order, blockSize, epsilon: 0.1, sigma: 0.7 };
            const scores = blockScores(options);
            const expected = naiveScores(options);
            expect(scores.sparse).toBeCloseTo(expected.sparse, 12);
            expect(scores.quant).toBeCloseTo(expected.quant, 9);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("does not look at text", () => {
    const layout = imageLayout({ height: 3, width: 4, textTokens: 5 });
    const map = new Float32Array(17 * 17).fill(0.125);
    const options = { map, layout, order: "WH" as const, blockSize: 4 };
    const before = blockScores(options);
    for (let text = 0; text < 5; text++) {
      for (let token = 0; token < 17; token++) {
        map[text * 17 + token] = 0.9;
        map[token * 17 + text] = 0.3;
      }
    }
    expect(blockScores(options)).toEqual(before);
  });

  it("gives the planted axis the best order", () => {
    const image = imageLayout({ height: 12, width: 10 });
    const video = videoLayout({ frames: 5, height: 6, width: 7, textTokens: 3 });
    const cases: [TokenLayout, string, AxisOrder[]][] = [
      [image, "W", ["HW"]],
      [image, "H", ["WH"]],
      [video, "F", ["HWF", "WHF"]],
      [video, "H", ["FWH", "WFH"]],
      [video, "W", ["FHW", "HFW"]],
    ];
    for (const [layout, axis, expected] of cases) {
      const map = axisLocalMap(layout, axis);
      const candidates = axisOrders(layout).map((order) => ({
        order,
        ...blockScores({ map, layout, order, blockSize: 8 }),
      }));
      for (const alpha of [0, 0.5]) {
        expect(expected, `local along ${axis}, alpha ${alpha}`).toContain(
          combineScores({ candidates, alpha }).order,
        );
      }
    }
  });

  it("refuses a map of the wrong size, NaN, and options out of range", () => {
    const layout = imageLayout({ height: 2, width: 2 });
    const map = new Float32Array(16).fill(0.25);
    const order = "HW";
    expect(() => blockScores({ map: map.subarray(1), layout, order })).toThrow(
      "Expected a map of 4 x 4 = 16 entries but found 15",
    );
    expect(() => blockScores({ map, layout, order, sigma: 1.5 })).toThrow(/sigma in \[0, 1\]/);
    expect(() => blockScores({ map, layout, order, epsilon: 0 })).toThrow(/positive epsilon/);
    map[7] = Number.NaN;
    expect(() => blockScores({ map, layout, order })).toThrow(/softmax entries.*found NaN/);
  });
});

describe("scoreFromStatistics", () => {
  it("gives from streamed tiles what the map gives", () => {
    const layout = videoLayout({ frames: 3, height: 5, width: 4, textTokens: 7 });
    const map = axisLocalMap(layout, "H");
    for (const order of axisOrders(layout)) {
      const statistics = tileStatistics({ map, layout, order, blockSize: 8, epsilon: 0.01 });
      // As a backend sends them: float32.
      const streamed = scoreFromStatistics({
        sum: Float32Array.from(statistics.sum),
        maximum: Float32Array.from(statistics.maximum),
        smallCount: Float32Array.from(statistics.smallCount),
        partition: partitionLayout(layout, 8),
      });
      const direct = blockScores({ map, layout, order, blockSize: 8, epsilon: 0.01 });
      expect(streamed.sparse).toBe(direct.sparse);
      expect(Math.abs(streamed.quant / direct.quant - 1)).toBeLessThan(1e-6);
    }
  });

  it("sums up each row's mass", () => {
    const layout = videoLayout({ frames: 3, height: 5, width: 4, textTokens: 7 });
    const map = axisLocalMap(layout, "W");
    const { sum } = tileStatistics({ map, layout, order: "WFH", blockSize: 8 });
    const total = Array.from(sum).reduce((all, tile) => all + tile, 0);
    expect(total).toBeCloseTo(67, 4);
  });

  it("refuses tiles that do not fit or hold NaN, naming the block", () => {
    const partition = partitionLayout(imageLayout({ height: 2, width: 2 }), 2);
    const tiles = { sum: [1, 1, 1, 1], maximum: [1, 1, 1, 1], smallCount: [0, 0, 0, 0] };
    expect(scoreFromStatistics({ ...tiles, partition })).toEqual({ sparse: 0, quant: 4 });
    expect(() => scoreFromStatistics({ ...tiles, sum: [1], partition })).toThrow(
      "Expected 2 x 2 = 4 tiles in sum but found 1",
    );
    const sum = [1, 1, Number.NaN, 1];
    expect(() => scoreFromStatistics({ ...tiles, sum, partition })).toThrow(
      /query block 1, key block 0 but found \[NaN, 1, 0\]/,
    );
  });
});

describe("epsilonFor", () => {
  it("is c / tokens", () => {
    expect(epsilonFor({ tokens: 4096, c: 0.5 })).toBe(0.5 / 4096);
    expect(() => epsilonFor({ tokens: 0, c: 1 })).toThrow(/tokens but found 0/);
    expect(() => epsilonFor({ tokens: 4, c: Number.NaN })).toThrow(/for c but found NaN/);
  });
});
