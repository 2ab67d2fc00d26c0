import { describe, expect, it } from "vitest";
import { normalNoise } from "../src/random/normal-noise.js";
import { philox4x32 } from "../src/random/philox.js";

describe("philox4x32", () => {
  // Known answers of the Random123 library (kat_vectors, philox4x32 with 10 rounds).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)("of %o under %o", (counter, key, words) => {
    expect(philox4x32(counter, key)).toEqual(words);
  });
});

describe("normalNoise", () => {
  // By a few lines of Python with exact integers.
  it("keeps its numbers", () => {
    expect([...normalNoise(7, 5)].map((value) => value.toFixed(5))).toEqual([
      "0.00029",
      "-0.30485",
      "1.78876",
      "1.06787",
      "0.37640",
    ]);
    expect(normalNoise(7, 3)).toEqual(normalNoise(7, 100).subarray(0, 3));
    expect(normalNoise(2 ** 32 + 7, 4)).not.toEqual(normalNoise(7, 4));
  });

  it("is normal", () => {
    const count = 200_000;
    const noise = normalNoise(123, count);
    const mean = (f: (value: number) => number) =>
      noise.reduce((sum, value) => sum + f(value), 0) / count;
    // Within 5 standard errors of the moments 0, 1, 0, 3 and of the share beyond 1.96.
    const root = Math.sqrt(count);
    expect(Math.abs(mean((x) => x))).toBeLessThan(5 / root);
    expect(Math.abs(mean((x) => x ** 2) - 1)).toBeLessThan((5 * Math.sqrt(2)) / root);
    expect(Math.abs(mean((x) => x ** 3))).toBeLessThan((5 * Math.sqrt(15)) / root);
    expect(Math.abs(mean((x) => x ** 4) - 3)).toBeLessThan((5 * Math.sqrt(96)) / root);
    const tail = mean((x) => (Math.abs(x) > 1.959964 ? 1 : 0));
    expect(Math.abs(tail - 0.05)).toBeLessThan((5 * Math.sqrt(0.05 * 0.95)) / root);
  });
});
