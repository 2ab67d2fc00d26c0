import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AxisOrder,
  axisOrders,
  gatherIndices,
  imageLayout,
  invertIndices,
  nativeOrder,
  ReorderError,
  type TokenLayout,
  tokenCount,
  videoLayout,
  visualStart,
} from "../src/index.js";
import { layouts } from "./arbitraries.js";

/** The definition: sort the grid's tokens by their coordinates, taken in the order of the axes. */
function naiveIndices(layout: TokenLayout, order: AxisOrder): number[] {
  const start = visualStart(layout);
  const grid: Record<string, number>[] = [];
  for (let F = 0; F < layout.frames; F++) {
    for (let H = 0; H < layout.height; H++) {
      for (let W = 0; W < layout.width; W++) {
        grid.push({ F, H, W, token: start + (F * layout.height + H) * layout.width + W });
      }
    }
  }
  grid.sort((a, b) => {
    for (const axis of order) {
      const difference = (a[axis] as number) - (b[axis] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  const tokens = Array.from({ length: tokenCount(layout) }, (_, index) => index);
  tokens.splice(start, grid.length, ...grid.map((cell) => cell.token as number));
  return tokens;
}

describe("a layout made by hand", () => {
  const indices = (layout: object) => gatherIndices(layout as TokenLayout, "HWF");

  it("is taken without text where it names none", () => {
    const grid = { frames: 2, height: 4, width: 5 };
    expect(indices(grid)).toEqual(gatherIndices(videoLayout(grid), "HWF"));
  });

  it.each([
    [{ height: 4, width: 5 }, "a positive integer for frames but found undefined"],
    [{ frames: 2, height: 4, width: "5" }, 'a positive integer for width but found "5"'],
    [{ frames: 2, height: 4, width: 5, textTokens: NaN }, "for textTokens but found NaN"],
  ])("is refused where a size is none: %j", (layout, words) => {
    expect(() => indices(layout)).toThrow(ReorderError);
    expect(() => indices(layout)).toThrow(words);
  });
});

describe("gatherIndices", () => {
  it("follows the definition of every order, and leaves text in place", () => {
    fc.assert(
      fc.property(layouts(), (layout) => {
        for (const order of axisOrders(layout)) {
          expect([...gatherIndices(layout, order)]).toEqual(naiveIndices(layout, order));
        }
      }),
    );
  });

  it("is the identity in native order", () => {
    fc.assert(
      fc.property(layouts(), (layout) => {
        const indices = gatherIndices(layout, nativeOrder(layout));
        expect(indices.every((token, index) => token === index)).toBe(true);
      }),
    );
  });

  it("gives the hand-written order of a 2x3 image and a 2x1x2 video", () => {
    expect([...gatherIndices(imageLayout({ height: 2, width: 3 }), "WH")]).toEqual([
      0, 3, 1, 4, 2, 5,
    ]);
    const video = videoLayout({ frames: 2, height: 1, width: 2, textTokens: 1 });
    expect([...gatherIndices(video, "WFH")]).toEqual([0, 1, 3, 2, 4]);
  });

  it("refuses an order of the other kind of layout", () => {
    const image = imageLayout({ height: 2, width: 3 });
    expect(() => gatherIndices(image, "FHW")).toThrow(
      'Expected one of the orders HW, WH of the layout 2x3 but found "FHW"',
    );
    const video = videoLayout({ frames: 2, height: 2, width: 3 });
    expect(() => gatherIndices(video, "HW")).toThrow(ReorderError);
  });
});

describe("invertIndices", () => {
  it("undoes every order", () => {
    fc.assert(
      fc.property(layouts(), (layout) => {
        for (const order of axisOrders(layout)) {
          const indices = gatherIndices(layout, order);
          const inverse = invertIndices(indices);
          for (let i = 0; i < indices.length; i++) {
            expect(indices[inverse[i] as number]).toBe(i);
            expect(inverse[indices[i] as number]).toBe(i);
          }
        }
      }),
    );
  });

  it("refuses what is not a permutation", () => {
    expect(() => invertIndices(Uint32Array.of(0, 2))).toThrow(
      "Expected an index below 2 at position 1 but found 2",
    );
    expect(() => invertIndices(Uint32Array.of(1, 0, 1))).toThrow(/position 2.*found 1/);
  });
});
