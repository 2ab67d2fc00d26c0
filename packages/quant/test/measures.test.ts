import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorMeasures, incoherence, QuantError } from "../src/index.js";

const numbers = (length: number) =>
  fc
    .array(fc.double({ min: -100, max: 100, noNaN: true }), {
      minLength: length,
      maxLength: length,
    })
    .map((values) => Float64Array.from(values));

describe("incoherence", () => {
  const data = Float32Array.of(...[1, -1, 4, 0], ...[1, 1, 0, 0], ...[0, 0, 0, 0]);

  it("is max over mean of the magnitudes, by hand", () => {
    expect(incoherence({ data, rowLength: 4 })).toBe(4 / (8 / 12));
  });

  it("of groups is their mean by elements, with short groups at the edges, zeros counting 1", () => {
    // 2x2: 1 and 4; the short last row: 1 and 1, half the elements.
    const blocks = incoherence({ data, rowLength: 4, groupRows: 2, groupColumns: 2 });
    expect(blocks).toBe((4 * 1 + 4 * 4 + 2 * 1 + 2 * 1) / 12);
    const rows = incoherence({ data, rowLength: 4, groupRows: 1 });
    expect(rows).toBe((4 / 1.5 + 1 / 0.5 + 1) / 3);
    const threes = incoherence({ data, rowLength: 4, groupRows: 1, groupColumns: 3 });
    expect(threes).toBe((3 * 2 + 1 + 3 * 1.5 + 1 + 3 + 1) / 12);
  });

  it("is 1 for magnitudes all alike, between 1 and the size of a group, and blind to scale", () => {
    fc.assert(
      fc.property(numbers(12), fc.constantFrom(0.25, 2, 1024), (data, factor) => {
        fc.pre(data.some((x) => Math.abs(x) > 1e-9));
        const value = incoherence({ data, rowLength: 3 });
        expect(value).toBeGreaterThanOrEqual(1 - 1e-12);
        expect(value).toBeLessThanOrEqual(12 + 1e-12);
        const scaled = data.map((x) => x * factor);
        expect(incoherence({ data: scaled, rowLength: 3 })).toBeCloseTo(value, 9);
      }),
    );
    expect(incoherence({ data: Float32Array.of(3, -3, 3), rowLength: 3 })).toBe(1);
  });

  it.each([
    [{ rowLength: 5 }, "Expected whole rows of 5 elements, at least one, but found 12"],
    [{ groupRows: 0 }, "Expected a positive integer for groupRows but found 0"],
    [{ groupColumns: 1.5 }, "Expected a positive integer for groupColumns but found 1.5"],
    [
      { data: new Float32Array(4).fill(Number.NaN, 1) },
      "Expected a finite number at element 1 but found NaN",
    ],
  ])("refuses %o", (change, message) => {
    const run = () => incoherence({ data, rowLength: 4, ...change });
    expect(run).toThrow(new QuantError(message));
  });
});

describe("errorMeasures", () => {
  it("by hand", () => {
    const reference = Float32Array.of(3, 0, -4, 0);
    const measures = errorMeasures({ reference, data: Float64Array.of(3, 1, -4, 2) });
    expect(measures.relativeL1).toBe(3 / 7);
    expect(measures.relativeL2).toBeCloseTo(Math.sqrt(5) / 5, 15);
    expect(measures.cosine).toBeCloseTo(25 / (5 * Math.sqrt(30)), 15);
  });

  it("of equal arrays, and of zeros", () => {
    const zeros = new Float32Array(2);
    const some = Float32Array.of(0, 2);
    const none = { relativeL1: 0, relativeL2: 0, cosine: 1 };
    expect(errorMeasures({ reference: zeros, data: zeros })).toEqual(none);
    expect(errorMeasures({ reference: some, data: some })).toEqual(none);
    const all = { relativeL1: Number.POSITIVE_INFINITY, relativeL2: Number.POSITIVE_INFINITY };
    expect(errorMeasures({ reference: zeros, data: some })).toEqual({ ...all, cosine: 0 });
    const lost = { relativeL1: 1, relativeL2: 1, cosine: 0 };
    expect(errorMeasures({ reference: some, data: zeros })).toEqual(lost);
  });

  it("of a scaled array: the factor's distance from 1, and no angle", () => {
    fc.assert(
      fc.property(numbers(9), fc.double({ min: 0.1, max: 3, noNaN: true }), (reference, factor) => {
        fc.pre(reference.some((x) => Math.abs(x) > 1e-6));
        const data = reference.map((x) => x * factor);
        const { relativeL1, relativeL2, cosine } = errorMeasures({ reference, data });
        expect(relativeL1).toBeCloseTo(Math.abs(factor - 1), 9);
        expect(relativeL2).toBeCloseTo(Math.abs(factor - 1), 9);
        expect(cosine).toBeCloseTo(1, 9);
      }),
    );
  });

  it.each([
    [{ reference: new Float32Array(0) }, 'Expected at least one element but found "none"'],
    [{ data: new Float32Array(1) }, "Expected 2 elements of data, like the reference, but found 1"],
    [
      { data: Float32Array.of(1, Number.NaN) },
      "Expected finite numbers at element 1 but found NaN",
    ],
    [
      { reference: Float32Array.of(Number.POSITIVE_INFINITY, 1) },
      "Expected finite numbers at element 0 but found Infinity",
    ],
  ])("refuses %o", (change, message) => {
    const good = { reference: Float32Array.of(1, 2), data: Float32Array.of(1, 2) };
    expect(() => errorMeasures({ ...good, ...change })).toThrow(new QuantError(message));
  });
});
