import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { axisOrders, gatherIndices, imageLayout, videoLayout } from "../src/index.js";
import { cutIntoWeaves, type Weave } from "../src/weave.js";
import { layouts } from "./arbitraries.js";

/** The indices that weaves stand for, by the definition. */
function unravel(weaves: readonly Weave[], indices: Uint32Array): number[] {
  return weaves.flatMap(({ start, strands, length }) =>
    Array.from({ length: strands * length }, (_, i) => {
      const [a, b] = [i % strands, Math.floor(i / strands)];
      return (indices[start + a] as number) + b;
    }),
  );
}

describe("cutIntoWeaves", () => {
  it("covers every axis order", () => {
    fc.assert(
      fc.property(layouts(), (layout) => {
        for (const order of axisOrders(layout)) {
          const indices = gatherIndices(layout, order);
          expect(unravel(cutIntoWeaves(indices), indices)).toEqual([...indices]);
        }
      }),
    );
  });

  it("covers any indices, permutation or not", () => {
    const any = fc.uint32Array({ minLength: 0, maxLength: 60, max: 20 });
    fc.assert(
      fc.property(any, (indices) => {
        const weaves = cutIntoWeaves(indices);
        expect(unravel(weaves, indices)).toEqual([...indices]);
        let next = 0;
        for (const { start, strands, length } of weaves) {
          expect(start).toBe(next);
          expect(Math.min(strands, length)).toBeGreaterThanOrEqual(1);
          next += strands * length;
        }
        expect(next).toBe(indices.length);
      }),
      { numRuns: 500 },
    );
  });

  it("finds the pattern of each order", () => {
    const layout = videoLayout({ frames: 13, height: 30, width: 45 });
    const shapes = (order: "FHW" | "FWH" | "HFW" | "HWF" | "WFH" | "WHF") => {
      const weaves = cutIntoWeaves(gatherIndices(layout, order));
      return [weaves.length, weaves[0]?.strands, weaves[0]?.length];
    };
    expect(shapes("FHW")).toEqual([1, 1, 17550]);
    expect(shapes("HFW")).toEqual([390, 1, 45]);
    expect(shapes("FWH")).toEqual([13, 30, 45]);
    expect(shapes("HWF")).toEqual([1, 13, 1350]);
    expect(shapes("WFH")).toEqual([1, 390, 45]);
    expect(shapes("WHF")).toEqual([1, 390, 45]);
  });

  it("keeps the pattern beside text", () => {
    const layout = imageLayout({ height: 20, width: 30, textTokens: 7 });
    const weaves = cutIntoWeaves(gatherIndices(layout, "WH"));
    const woven = weaves.filter(({ strands, length }) => strands > 1 && length > 1);
    expect(woven.reduce((sum, { strands, length }) => sum + strands * length, 0)).toBeGreaterThan(
      500,
    );
  });
});
