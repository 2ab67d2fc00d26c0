import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { axisOrders, gatherIndices, tokenCount } from "../src/index.js";
import { moveRows } from "../src/move-rows.js";
import { wordViews } from "../src/words.js";
import { layouts } from "./arbitraries.js";

/** Numbers that differ from place to place, also in their upper halves. */
function numbered(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e3779b9));
}

describe("moveRows", () => {
  it("moves short and long rows, in tiles of any size and words of any width, as the definition says", () => {
    fc.assert(
      fc.property(
        layouts(),
        // 64 and 384 words are the last that loops copy, of 4 and of 8 bytes.
        fc.constantFrom(1, 2, 3, 16, 64, 65, 70, 768, 770),
        fc.constantFrom(1, 2000, 60_000, undefined),
        fc.boolean(),
        fc.constantFrom("gather" as const, "scatter" as const),
        fc.nat(),
        (layout, rowLength, tileBytes, wide, direction, pick) => {
          const tokens = tokenCount(layout);
          const orders = axisOrders(layout);
          const indices = gatherIndices(layout, orders[pick % orders.length] ?? "HW");
          const data = numbered(tokens * rowLength);
          const out = new Uint32Array(data.length);
          moveRows({
            ...wordViews({ data, out, rowBytes: rowLength * 4, wide }),
            indices,
            direction,
            ...(tileBytes !== undefined && { tileBytes }),
          });
          const naive = new Uint32Array(data.length);
          indices.forEach((token, position) => {
            const [from, to] = direction === "gather" ? [token, position] : [position, token];
            for (let c = 0; c < rowLength; c++) {
              naive[to * rowLength + c] = data[from * rowLength + c] as number;
            }
          });
          expect(Buffer.compare(Buffer.from(out.buffer), Buffer.from(naive.buffer))).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gathers repeated tokens", () => {
    const data = Uint32Array.of(10, 11, 12, 13);
    const out = new Uint32Array(4);
    const views = wordViews({ data, out, rowBytes: 4, wide: false });
    moveRows({ ...views, indices: Uint32Array.of(2, 2, 0, 3), direction: "gather" });
    expect([...out]).toEqual([12, 12, 10, 13]);
  });
});

describe("wordViews", () => {
  it("takes words of 8 bytes in Node without being told", () => {
    const data = new Float32Array(4);
    const { source } = wordViews({ data, out: new Float32Array(4), rowBytes: 16 });
    expect(source).toBeInstanceOf(BigUint64Array);
  });

  it("takes the widest words that rows and places allow", () => {
    const memory = new ArrayBuffer(96);
    const width = (rowBytes: number, place: number, wide: boolean) => {
      const data = new Uint8Array(memory, place, rowBytes);
      const out = new Uint8Array(rowBytes);
      return wordViews({ data, out, rowBytes, wide }).source.BYTES_PER_ELEMENT;
    };
    expect([width(16, 0, true), width(16, 0, false)]).toEqual([8, 4]);
    expect([width(16, 4, true), width(12, 0, true)]).toEqual([4, 4]);
    expect([width(16, 2, true), width(6, 0, true)]).toEqual([2, 2]);
    expect([width(16, 1, true), width(7, 0, true)]).toEqual([1, 1]);
  });
});
