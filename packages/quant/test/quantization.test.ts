import { describe, expect, it } from "vitest";
import { QUANTIZATIONS, QuantError, quantization, quantizationName } from "../src/index.js";

describe("quantization", () => {
  it("is the paper's by default, in either number of bits", () => {
    expect(quantizationName(quantization())).toBe("int8 tile u7 channelBlock");
    expect(quantization({ bits: 4 })).toEqual({
      bits: 4,
      probabilityGroup: "tile",
      probabilityRange: "u4",
      valueScale: "channelBlock",
    });
    expect(QUANTIZATIONS[0]).toEqual(quantization());
  });

  it("has eighteen variants, each with a name of its own and equal to what its choices give", () => {
    expect(QUANTIZATIONS.length).toBe(18);
    expect(new Set(QUANTIZATIONS.map(quantizationName)).size).toBe(18);
    for (const known of QUANTIZATIONS) expect(quantization({ ...known })).toBe(known);
  });

  it.each([
    [{ bits: 4, probabilityRange: "u8" } as const, '"int4 tile u8 channelBlock"'],
    [{ bits: 8, probabilityRange: "u4" } as const, '"int8 tile u4 channelBlock"'],
    [{ bits: 6 as 4 }, '"int6 tile u7 channelBlock"'],
    [{ probabilityGroup: "column" as "tile" }, '"int8 column u7 channelBlock"'],
  ])("refuses %o", (choices, found) => {
    expect(() => quantization(choices)).toThrow(QuantError);
    expect(() => quantization(choices)).toThrow(`but found ${found}`);
  });
});
