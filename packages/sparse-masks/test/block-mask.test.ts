import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockMask, SparseMaskError } from "../src/index.js";
import { masks } from "./arbitraries.js";

describe("BlockMask", () => {
  it("packs row-major, least significant bit first, each head from a byte of its own", () => {
    const blocks = Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0);
    const mask = BlockMask.pack({ heads: 2, queryBlocks: 3, keyBlocks: 3, blocks });
    expect([...mask.bits]).toEqual([0b00010001, 0b1, 0b00000110, 0]);
  });

  it("packs and unpacks without loss", () => {
    fc.assert(
      fc.property(masks(), (mask) => {
        expect(BlockMask.pack({ ...shapeOf(mask), blocks: mask.unpack() }).equals(mask)).toBe(true);
        expect(BlockMask.from(mask).equals(mask)).toBe(true);
      }),
    );
  });

  it("gets, sets, lists and counts like an array of booleans", () => {
    fc.assert(
      fc.property(masks(), fc.infiniteStream(fc.nat()), (mask, numbers) => {
        const { heads, queryBlocks, keyBlocks } = mask;
        const expected = mask.unpack();
        for (let change = 0; change < 20; change++) {
          const block = (numbers.next().value as number) % expected.length;
          const live = change % 3 !== 0;
          expected[block] = live ? 1 : 0;
          const query = Math.floor(block / keyBlocks) % queryBlocks;
          mask.set(Math.floor(block / (queryBlocks * keyBlocks)), query, block % keyBlocks, live);
        }
        expect(mask.unpack()).toEqual(expected);
        expect(mask.count).toBe(expected.reduce((sum, bit) => sum + bit, 0));
        for (let head = 0; head < heads; head++) {
          for (let query = 0; query < queryBlocks; query++) {
            const row = (head * queryBlocks + query) * keyBlocks;
            const live: number[] = [];
            for (let key = 0; key < keyBlocks; key++) {
              expect(mask.get(head, query, key)).toBe(expected[row + key] === 1);
              if (expected[row + key] === 1) live.push(key);
            }
            expect([...mask.liveBlocks(head, query)]).toEqual(live);
          }
        }
      }),
    );
  });

  it("is full or empty, without stray bits behind a head's last block", () => {
    const shape = { heads: 2, queryBlocks: 3, keyBlocks: 5 };
    expect([...BlockMask.full(shape).bits]).toEqual([0xff, 0x7f, 0xff, 0x7f]);
    expect(BlockMask.full(shape).count).toBe(30);
    expect([...BlockMask.empty(shape).bits]).toEqual([0, 0, 0, 0]);
  });

  it("shares the bytes it is made from", () => {
    const bits = new Uint8Array(1);
    BlockMask.from({ heads: 1, queryBlocks: 2, keyBlocks: 2, bits }).set(0, 1, 0);
    expect([...bits]).toEqual([0b100]);
  });

  it("differs from a mask with another block or another shape", () => {
    const mask = BlockMask.full({ heads: 1, queryBlocks: 2, keyBlocks: 4 });
    expect(mask.equals(BlockMask.full({ heads: 1, queryBlocks: 4, keyBlocks: 2 }))).toBe(false);
    const other = BlockMask.full(mask);
    expect(mask.equals(other)).toBe(true);
    other.set(0, 1, 3, false);
    expect(mask.equals(other)).toBe(false);
  });

  it("names the head and the query block without a live key block", () => {
    const mask = BlockMask.full({ heads: 3, queryBlocks: 4, keyBlocks: 2 });
    mask.validate();
    mask.set(2, 1, 0, false);
    mask.validate();
    mask.set(2, 1, 1, false);
    expect(() => mask.validate()).toThrow(
      "Expected a live key block for head 2, query block 1 but found none",
    );
  });

  it("refuses sizes, bytes and indices that do not fit", () => {
    const shape = { heads: 2, queryBlocks: 3, keyBlocks: 3 };
    expect(() => BlockMask.empty({ ...shape, heads: 0 })).toThrow(
      "Expected a positive integer for heads but found 0",
    );
    expect(() => BlockMask.from({ ...shape, bits: new Uint8Array(3) })).toThrow(
      "Expected 4 bytes of mask bits but found 3",
    );
    expect(() => BlockMask.from({ ...shape, bits: Uint8Array.of(1, 1, 1, 2) })).toThrow(
      /behind the last block of head 1/,
    );
    expect(() => BlockMask.pack({ ...shape, blocks: new Uint8Array(17) })).toThrow(/18 blocks/);
    const mask = BlockMask.empty(shape);
    for (const [head, query, key] of [
      [2, 0, 0],
      [0, 3, 0],
      [0, 0, 3],
      [-1, 0, 0],
      [0, 0.5, 0],
    ]) {
      expect(() => mask.get(head as number, query as number, key as number)).toThrow(
        SparseMaskError,
      );
    }
    expect(() => mask.liveBlocks(0, 3)).toThrow(/query block from 0 to 2 but found 3/);
  });
});

describe("SparseMaskError", () => {
  it("is known across copies of the package, and by the brand of errors for people", () => {
    const error = new SparseMaskError("no");
    expect(error.name).toBe("SparseMaskError");
    expect(Reflect.get(error, Symbol.for("paroattn.error"))).toBe(true);
    expect(SparseMaskError.isInstance(error)).toBe(true);
    expect(
      SparseMaskError.isInstance({ [Symbol.for("paroattn.error.SparseMaskError")]: true }),
    ).toBe(true);
    expect(SparseMaskError.isInstance(new Error("no"))).toBe(false);
    expect(SparseMaskError.isInstance(null)).toBe(false);
  });
});

function shapeOf({ heads, queryBlocks, keyBlocks }: BlockMask) {
  return { heads, queryBlocks, keyBlocks };
}
