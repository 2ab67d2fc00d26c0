import { describe, expect, it } from "vitest";
import {
  type AttentionPrecision,
  InvalidArgumentError,
  resolvePrecision,
} from "../../src/index.js";

describe("resolvePrecision", () => {
  it("is f32 by default, and leaves out choices that are about integers", () => {
    expect(resolvePrecision()).toEqual({ qk: "f32", pv: "f32" });
    expect(resolvePrecision({ qk: "bf16", pv: "fp8" })).toEqual({ qk: "bf16", pv: "fp8" });
  });

  it("fills in the portable choices", () => {
    const values = { probabilityGroup: "tile", valueScale: "channelBlock" } as const;
    expect(resolvePrecision({ qk: "int8", pv: "int8" })).toEqual({
      qk: "int8",
      pv: "int8",
      ...values,
      probabilityRange: "u7",
      keySmoothing: true,
    });
    expect(resolvePrecision({ qk: "f32", pv: "int4" })).toEqual({
      qk: "f32",
      pv: "int4",
      ...values,
      probabilityRange: "u4",
    });
    expect(resolvePrecision({ qk: "int4", pv: "f16" })).toEqual({
      qk: "int4",
      pv: "f16",
      keySmoothing: true,
    });
  });

  it.each<[AttentionPrecision, string]>([
    [
      { qk: "int9" as "int8", pv: "f32" },
      "precision.qk to be one of f32, f16, bf16, int8, int4 but found int9",
    ],
    [{ qk: "fp8" as "int8", pv: "fp8" }, "precision.qk to be one of"],
    [{ qk: "f32", pv: "u8" as "int8" }, "precision.pv to be one of"],
    [
      { qk: "int8", pv: "f32", probabilityGroup: "tile" },
      "precision.probabilityGroup only with values of int8 or int4, not f32, but found tile",
    ],
    [{ qk: "f32", pv: "f16", valueScale: "rank1" }, "precision.valueScale only with"],
    [
      { qk: "f32", pv: "int8", keySmoothing: false },
      "precision.keySmoothing only with keys of int8 or int4, not f32, but found false",
    ],
    [{ qk: "int8", pv: "int8", probabilityRange: "u4" }, "but found int8 tile u4 channelBlock"],
    [{ qk: "int4", pv: "int4", probabilityRange: "u7" }, "to be one of int4 tile u4 channelBlock"],
    [
      { qk: "int8", pv: "int8", probabilityGroup: "column" as "tile" },
      "but found int8 column u7 channelBlock",
    ],
  ])("refuses %o", (precision, message) => {
    expect(() => resolvePrecision(precision)).toThrow(InvalidArgumentError);
    expect(() => resolvePrecision(precision)).toThrow(`prepareAttention: expected `);
    expect(() => resolvePrecision(precision)).toThrow(message);
  });
});
