import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyOrder,
  axisOrders,
  gatherIndices,
  imageLayout,
  restoreOrder,
  type TypedArray,
  tokenCount,
} from "../src/index.js";
import { layouts } from "./arbitraries.js";

const kinds = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** An array of random bits that starts `offset` elements into its buffer. */
function randomBits(Kind: (typeof kinds)[number], length: number, offset: number): TypedArray {
  const bytes = new Uint8Array((length + offset) * Kind.BYTES_PER_ELEMENT);
  let state = 12345;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 23;
  }
  return new Kind(bytes.buffer, offset * Kind.BYTES_PER_ELEMENT, length);
}

function bytesOf(array: TypedArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

describe("applyOrder and restoreOrder", () => {
  it("move rows of any type bit by bit, and undo each other", () => {
    fc.assert(
      fc.property(
        layouts(),
        fc.constantFrom(...kinds),
        fc.constantFrom(1, 2, 3, 5, 16, 64, 200),
        fc.integer({ min: 0, max: 3 }),
        fc.nat(),
        (layout, Kind, rowLength, offset, pick) => {
          const orders = axisOrders(layout);
          const indices = gatherIndices(layout, orders[pick % orders.length] ?? "HW");
          const data = randomBits(Kind, tokenCount(layout) * rowLength, offset);
          const reordered = applyOrder({ data, indices, rowLength });
          const rowBytes = rowLength * Kind.BYTES_PER_ELEMENT;
          const bytes = Buffer.from(bytesOf(data));
          const naive = Buffer.concat(
            Array.from(indices, (token) =>
              bytes.subarray(token * rowBytes, (token + 1) * rowBytes),
            ),
          );
          expect(reordered).toBeInstanceOf(Kind);
          expect(Buffer.compare(bytesOf(reordered), naive)).toBe(0);
          const out = new Kind(data.length) as TypedArray;
          expect(restoreOrder({ data: reordered, indices, rowLength, out })).toBe(out);
          expect(Buffer.compare(bytesOf(out), bytes)).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("take single elements as rows by default", () => {
    const indices = gatherIndices(imageLayout({ height: 2, width: 3 }), "WH");
    const data = Float32Array.of(0, 1, 2, 3, 4, 5);
    expect([...applyOrder({ data, indices })]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...restoreOrder({ data, indices })]).toEqual([0, 2, 4, 1, 3, 5]);
  });

  it("return plain bytes for a Node Buffer", () => {
    const data = Buffer.from([7, 8]);
    const reordered: Uint8Array = applyOrder({ data, indices: Uint32Array.of(1, 0) });
    expect(reordered).toEqual(Uint8Array.of(8, 7));
  });

  it("refuse lengths, types and memory that do not fit", () => {
    const indices = Uint32Array.of(1, 0);
    const data = Float32Array.of(1, 2, 3, 4);
    expect(() => applyOrder({ data, indices, rowLength: 3 })).toThrow(
      "Expected 2 rows of 3 = 6 elements in data but found 4",
    );
    expect(() => applyOrder({ data, indices, rowLength: 0 })).toThrow(/rowLength but found 0/);
    const short = new Float32Array(3);
    expect(() => restoreOrder({ data, indices, rowLength: 2, out: short })).toThrow(/in out/);
    const other = new Int32Array(4) as unknown as Float32Array;
    expect(() => applyOrder({ data, indices, rowLength: 2, out: other })).toThrow(
      'Expected out of the type of data, Float32Array but found "Int32Array"',
    );
    expect(() => applyOrder({ data, indices, rowLength: 2, out: data })).toThrow(/no memory/);
    expect(() => applyOrder({ data, indices: Uint32Array.of(0, 2), rowLength: 2 })).toThrow(
      "Expected an index below 2 at position 1 but found 2",
    );
  });

  it("allow halves of one buffer", () => {
    const memory = Float32Array.of(1, 2, 0, 0);
    const halves = { data: memory.subarray(0, 2), out: memory.subarray(2) };
    applyOrder({ ...halves, indices: Uint32Array.of(1, 0) });
    expect([...memory]).toEqual([1, 2, 2, 1]);
  });
});
