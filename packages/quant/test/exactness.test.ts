import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  LARGEST_CODE,
  QUANTIZATIONS,
  quantizeBlocks,
  quantizeProbabilities,
} from "../src/index.js";
import { normals } from "./arbitraries.js";

/** The sum of products as float32 kernels form it, and as integers are. */
function sums(a: ArrayLike<number>, b: ArrayLike<number>) {
  let float = 0;
  let integer = 0n;
  for (let i = 0; i < a.length; i++) {
    float = Math.fround(float + Math.fround(a[i]! * b[i]!));
    integer += BigInt(a[i]!) * BigInt(b[i]!);
  }
  return { float, integer: Number(integer) };
}

describe("integer sums in float32", () => {
  it("stay below 2^24 for a tile of 64 keys and heads of 128", () => {
    for (const { probabilityRange, bits } of QUANTIZATIONS) {
      const value = LARGEST_CODE[`s${bits}`];
      expect(64 * LARGEST_CODE[probabilityRange] * value).toBeLessThan(2 ** 24);
      expect(128 * value * value).toBeLessThan(2 ** 24);
    }
    expect(518 * 255 * 127).toBeLessThan(2 ** 24);
    expect(519 * 255 * 127).toBeGreaterThan(2 ** 24);
  });

  it("are exact for the largest codes, in any order of signs", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 64, maxLength: 518 }), (signs) => {
        const { float, integer } = sums(
          signs.map(() => 255),
          signs.map((positive) => (positive ? 127 : -127)),
        );
        expect(float).toBe(integer);
      }),
    );
  });

  it("are exact for the codes of Q and K, and of P and V", () => {
    fc.assert(
      fc.property(normals(128), normals(128), (left, right) => {
        for (const { bits, probabilityRange, probabilityGroup, valueScale } of QUANTIZATIONS) {
          const query = quantizeBlocks({ data: left, rowLength: 128, bits });
          const key = quantizeBlocks({ data: right, rowLength: 128, bits });
          const logit = sums(query.codes, key.codes);
          expect(logit.float).toBe(logit.integer);
          const value = quantizeBlocks({
            data: right,
            rowLength: 1,
            blocks: 64,
            bits,
            scaleLayout: valueScale,
          });
          const weight = quantizeProbabilities({
            probabilities: left.subarray(0, 64).map(Math.abs),
            rowLength: 64,
            group: probabilityGroup,
            range: probabilityRange,
          });
          const output = sums(weight.codes, value.codes);
          expect(output.float).toBe(output.integer);
        }
      }),
      { numRuns: 10 },
    );
  });
});
