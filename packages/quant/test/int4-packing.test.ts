import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  packInt4,
  QuantError,
  quantizeBlocks,
  quantizeProbabilities,
  unpackInt4,
  unpackUint4,
} from "../src/index.js";

/** Codes in rows, of any length: odd rows leave half a byte. */
function rowsOf<T>(code: fc.Arbitrary<number>, from: (codes: number[]) => T) {
  return fc
    .record({ rows: fc.integer({ min: 1, max: 5 }), rowLength: fc.integer({ min: 1, max: 9 }) })
    .chain(({ rows, rowLength }) =>
      fc
        .array(code, { minLength: rows * rowLength, maxLength: rows * rowLength })
        .map((codes) => ({ codes: from(codes), rows, rowLength })),
    );
}

const signed = rowsOf(fc.integer({ min: -8, max: 7 }), (codes) => Int8Array.from(codes));
const unsigned = rowsOf(fc.integer({ min: 0, max: 15 }), (codes) => Uint8Array.from(codes));

describe("packInt4", () => {
  it("puts the first of two codes into the low half, and starts every row on a byte", () => {
    expect([...packInt4({ codes: Int8Array.of(1, -2, 7, -8), rowLength: 4 })]).toEqual([
      0xe1, 0x87,
    ]);
    expect([...packInt4({ codes: Uint8Array.of(1, 2, 15, 4, 5, 6), rowLength: 3 })]).toEqual([
      0x21, 0x0f, 0x54, 0x06,
    ]);
  });

  it("loses nothing", () => {
    fc.assert(
      fc.property(signed, unsigned, (some, others) => {
        const packed = packInt4(some);
        expect(packed.length).toBe(some.rows * Math.ceil(some.rowLength / 2));
        expect(unpackInt4({ packed, rowLength: some.rowLength })).toEqual(some.codes);
        const { rowLength } = others;
        expect(unpackUint4({ packed: packInt4(others), rowLength })).toEqual(others.codes);
      }),
    );
  });

  it("gives every byte to one pair of codes", () => {
    const packed = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    for (const rowLength of [2, 16, 512]) {
      expect(packInt4({ codes: unpackInt4({ packed, rowLength }), rowLength })).toEqual(packed);
      expect(packInt4({ codes: unpackUint4({ packed, rowLength }), rowLength })).toEqual(packed);
    }
  });

  it("takes what the codecs return", () => {
    const data = Float32Array.of(7, -7, 3, 0.5, 14, 2);
    const blocks = quantizeBlocks({ data, rowLength: 3, bits: 4, blocks: 1 });
    expect(unpackInt4({ packed: packInt4(blocks), rowLength: 3 })).toEqual(blocks.codes);
    const tile = quantizeProbabilities({
      probabilities: data.map(Math.abs),
      rowLength: 3,
      range: "u4",
    });
    expect(unpackUint4({ packed: packInt4(tile), rowLength: 3 })).toEqual(tile.codes);
  });

  it.each([
    [Int8Array.of(0, 8), "Expected codes from -8 to 7 but found 8"],
    [Int8Array.of(0, -9), "Expected codes from -8 to 7 but found -9"],
    [Uint8Array.of(0, 16), "Expected codes from 0 to 15 but found 16"],
    [new Int8Array(3), "Expected whole rows of 2 elements, at least one, but found 3"],
  ])("refuses %o", (codes, message) => {
    expect(() => packInt4({ codes, rowLength: 2 })).toThrow(new QuantError(message));
  });
});

describe("unpackInt4 and unpackUint4", () => {
  it.each([
    [3, "Expected whole rows of 2 elements, at least one, but found 5"],
    [0, "Expected a positive integer for rowLength but found 0"],
    [1.5, "Expected a positive integer for rowLength but found 1.5"],
  ])("refuse rows of %d", (rowLength, message) => {
    const packed = new Uint8Array(5);
    expect(() => unpackInt4({ packed, rowLength })).toThrow(new QuantError(message));
    expect(() => unpackUint4({ packed, rowLength })).toThrow(new QuantError(message));
  });
});
