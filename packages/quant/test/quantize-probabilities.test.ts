import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dequantize,
  LARGEST_CODE,
  type ProbabilityGroup,
  type ProbabilityRange,
  QuantError,
  quantizeProbabilities,
} from "../src/index.js";

const groups = fc.constantFrom<ProbabilityGroup>("tile", "tileRow");
const ranges = fc.constantFrom<ProbabilityRange>("u7", "u8", "u4");

/** Tiles of exp(S - m), where S - m is what logits leave: from 0 down to where exp is 0. */
const tiles = fc
  .record({
    rows: fc.integer({ min: 1, max: 6 }),
    rowLength: fc.integer({ min: 1, max: 6 }),
    floor: fc.constantFrom(-2, -20, -110, -1000),
    double: fc.boolean(),
  })
  .chain(({ rows, rowLength, floor, double }) =>
    fc
      .array(fc.double({ min: floor, max: 0, noNaN: true }), {
        minLength: rows * rowLength,
        maxLength: rows * rowLength,
      })
      .map((logits) => {
        const weights = logits.map(Math.exp);
        const probabilities = double ? Float64Array.from(weights) : Float32Array.from(weights);
        return { probabilities, rowLength };
      }),
  );

describe("quantizeProbabilities", () => {
  it("by hand: one scale a tile, or one a row", () => {
    const probabilities = Float32Array.of(1, 0.5, 0.25, 0, 0, 0);
    const tile = quantizeProbabilities({ probabilities, rowLength: 2 });
    expect([...tile.codes]).toEqual([127, 64, 32, 0, 0, 0]);
    expect(tile.scales).toEqual(Float32Array.of(1 / 127));
    const row = quantizeProbabilities({ probabilities, rowLength: 2, group: "tileRow" });
    expect([...row.codes]).toEqual([127, 64, 127, 0, 0, 0]);
    expect(row.scales).toEqual(Float32Array.of(1 / 127, 0.25 / 127, 1));
    const range = (range: ProbabilityRange) => [
      ...quantizeProbabilities({ probabilities, rowLength: 2, range }).codes,
    ];
    expect(range("u8")).toEqual([255, 128, 64, 0, 0, 0]);
    expect(range("u4")).toEqual([15, 8, 4, 0, 0, 0]);
  });

  it("takes ties to the even code", () => {
    const probabilities = Float64Array.of(15, 2.5, 1.5, 0.5);
    const { codes } = quantizeProbabilities({ probabilities, rowLength: 4, range: "u4" });
    expect([...codes]).toEqual([15, 2, 2, 0]);
  });

  it("gives roundHalfEven(P / s) of its group, in range", () => {
    fc.assert(
      fc.property(tiles, groups, ranges, ({ probabilities, rowLength }, group, range) => {
        const { codes, scales } = quantizeProbabilities({ probabilities, rowLength, group, range });
        const row = (i: number) => (group === "tile" ? 0 : Math.floor(i / rowLength));
        probabilities.forEach((p, i) => {
          const members = Array.from(probabilities).filter((_, j) => row(j) === row(i));
          const maximum = Math.max(...members);
          const scale = Math.fround(maximum / LARGEST_CODE[range]);
          const code = scale < 2 ** -126 ? 0 : (p * LARGEST_CODE[range]) / maximum;
          expect(scales[row(i)]).toBe(scale < 2 ** -126 ? 1 : scale);
          expect(Math.abs(codes[i]! - code)).toBeLessThanOrEqual(0.5);
          if (Math.abs(codes[i]! - code) === 0.5) expect(codes[i]! % 2).toBe(0);
          expect(codes[i]).toBeLessThanOrEqual(LARGEST_CODE[range]);
        });
      }),
    );
  });

  it("gives the largest entry of a group the largest code, and decodes to within half a step", () => {
    fc.assert(
      fc.property(tiles, groups, ranges, ({ probabilities, rowLength }, group, range) => {
        const quantized = quantizeProbabilities({ probabilities, rowLength, group, range });
        const decoded = dequantize(quantized);
        const groupLength = group === "tile" ? probabilities.length : rowLength;
        for (let from = 0; from < probabilities.length; from += groupLength) {
          const scale = quantized.scales[from / groupLength]!;
          const members = [...probabilities.subarray(from, from + groupLength)];
          const codes = [...quantized.codes.subarray(from, from + groupLength)];
          if (codes.some((code) => code > 0)) {
            expect(codes[members.indexOf(Math.max(...members))]).toBe(LARGEST_CODE[range]);
          }
          members.forEach((p, i) => {
            const error = Math.abs(decoded[from + i]! - p);
            expect(error).toBeLessThanOrEqual(scale * (0.5 + 2 ** -14));
          });
        }
      }),
    );
  });

  it("encodes what it decoded to the same codes and scales", () => {
    fc.assert(
      fc.property(tiles, groups, ranges, ({ probabilities, rowLength }, group, range) => {
        const first = quantizeProbabilities({ probabilities, rowLength, group, range });
        const again = { probabilities: dequantize(first), rowLength, group, range };
        const second = quantizeProbabilities(again);
        expect(second.codes).toEqual(first.codes);
        // The scale of a float64 maximum may move by its last bit, because what is decoded is float32.
        if (probabilities instanceof Float32Array) expect(second.scales).toEqual(first.scales);
      }),
    );
  });

  const good = { probabilities: Float32Array.of(1, 0, 0.5, 1), rowLength: 2 };
  it.each([
    [{ rowLength: 3 }, "Expected whole rows of 3 elements, at least one, but found 4"],
    [
      { group: "column" as "tile" },
      'Expected "tile", "tileRow" or "row" for group but found "column"',
    ],
    [{ range: "s8" as "u8" }, 'Expected "u7", "u8" or "u4" for range but found "s8"'],
    [
      { probabilities: Float32Array.of(1, -0.5) },
      "Expected probabilities of 0 or more but found -0.5",
    ],
    [
      { probabilities: Float64Array.of(1, Number.NaN) },
      "Expected magnitudes up to 2^127 in probabilities at element 1 but found NaN",
    ],
  ])("refuses %o", (change, message) => {
    expect(() => quantizeProbabilities({ ...good, ...change })).toThrow(new QuantError(message));
  });
});
