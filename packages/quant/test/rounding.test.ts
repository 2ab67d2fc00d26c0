import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roundHalfEven } from "../src/index.js";

describe("roundHalfEven", () => {
  it("takes ties to the even neighbour", () => {
    const ties = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 126.5, 127.5];
    expect(ties.map(roundHalfEven)).toEqual([-2, -2, 0, 0, 2, 2, 126, 128]);
  });

  it("takes everything else to the nearest", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (x) => {
        fc.pre(Math.abs(x % 1) !== 0.5);
        // Math.round differs on ties alone.
        expect(roundHalfEven(x) + 0).toBe(Math.round(x) + 0);
      }),
    );
  });

  it("does not lift what is a hair below a tie", () => {
    expect(roundHalfEven(0.49999999999999994)).toBe(0);
    expect(roundHalfEven(2.5000000000000004)).toBe(3);
  });
});
