import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  axisOrders,
  describeLayout,
  imageLayout,
  layoutsEqual,
  nativeOrder,
  ReorderError,
  tokenCount,
  videoLayout,
  visualStart,
  visualTokens,
} from "../src/index.js";
import { layouts } from "./arbitraries.js";

describe("layouts", () => {
  it("count the tokens of CogVideoX's sequence", () => {
    const layout = videoLayout({ frames: 13, height: 30, width: 45, textTokens: 226 });
    expect(visualTokens(layout)).toBe(17_550);
    expect(tokenCount(layout)).toBe(17_776);
    expect(visualStart(layout)).toBe(226);
    expect(describeLayout(layout)).toBe("226 text + 13x30x45");
  });

  it("default to no text, in front", () => {
    const layout = imageLayout({ height: 60, width: 72 });
    expect(layout).toEqual({
      frames: 1,
      height: 60,
      width: 72,
      textTokens: 0,
      textPosition: "before",
    });
    expect(Object.isFrozen(layout)).toBe(true);
    expect(describeLayout(layout)).toBe("60x72");
    const behind = imageLayout({ height: 4, width: 4, textTokens: 3, textPosition: "after" });
    expect(visualStart(behind)).toBe(0);
    expect(describeLayout(behind)).toBe("4x4 + 3 text");
  });

  it("have 2 orders with one frame, else 6, native first", () => {
    expect(axisOrders(imageLayout({ height: 2, width: 3 }))).toEqual(["HW", "WH"]);
    const video = videoLayout({ frames: 2, height: 2, width: 3 });
    expect(new Set(axisOrders(video))).toEqual(new Set(["FHW", "FWH", "HFW", "HWF", "WFH", "WHF"]));
    fc.assert(
      fc.property(layouts(), (layout) => {
        expect(axisOrders(layout)[0]).toBe(nativeOrder(layout));
      }),
    );
  });

  it("are equal where they place every token alike", () => {
    const image = imageLayout({ height: 2, width: 3, textTokens: 4 });
    expect(layoutsEqual(image, videoLayout({ ...image }))).toBe(true);
    for (const change of [
      { frames: 2 },
      { height: 3 },
      { width: 2 },
      { textTokens: 5 },
      { textPosition: "after" as const },
    ]) {
      expect(layoutsEqual(image, videoLayout({ ...image, ...change }))).toBe(false);
    }
    const noText = imageLayout({ height: 2, width: 3 });
    expect(layoutsEqual(noText, { ...noText, textPosition: "after" })).toBe(true);
  });

  it("refuse what is no size, naming it", () => {
    expect(() => imageLayout({ height: 0, width: 3 })).toThrow(
      "Expected a positive integer for height but found 0",
    );
    expect(() => imageLayout({ height: 2, width: 2.5 })).toThrow(/for width but found 2.5/);
    expect(() => videoLayout({ frames: Number.NaN, height: 2, width: 2 })).toThrow(/frames/);
    expect(() => imageLayout({ height: 2, width: 2, textTokens: -1 })).toThrow(/textTokens/);
    const textPosition = "middle" as "before";
    expect(() => imageLayout({ height: 2, width: 2, textPosition })).toThrow(
      'Expected textPosition "before" or "after" but found "middle"',
    );
    const width = "4" as unknown as number;
    expect(() => imageLayout({ height: 2, width })).toThrow(/for width but found "4"/);
    expect(() => imageLayout({ height: 2 ** 16, width: 2 ** 16 })).toThrow(/2\^32 tokens/);
  });
});

describe("ReorderError", () => {
  it("is known across copies of the package, and by the brand of errors for people", () => {
    const error = new ReorderError("no");
    expect(error.name).toBe("ReorderError");
    expect(Reflect.get(error, Symbol.for("paroattn.error"))).toBe(true);
    expect(ReorderError.isInstance(error)).toBe(true);
    expect(ReorderError.isInstance({ [Symbol.for("paroattn.error.ReorderError")]: true })).toBe(
      true,
    );
    expect(ReorderError.isInstance(new Error("no"))).toBe(false);
    expect(ReorderError.isInstance(undefined)).toBe(false);
  });
});
