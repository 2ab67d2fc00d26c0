import { type AttentionPrecision, InvalidArgumentError } from "@paroattn/backend";
import { describe, expect, it } from "vitest";
import {
  describePrecision,
  PRECISION_NAMES,
  precisionFromName,
  precisionName,
} from "../src/index.js";

const portable = {
  probabilityGroup: "tile",
  probabilityRange: "u7",
  valueScale: "channelBlock",
  keySmoothing: true,
} as const;

describe("precisionFromName", () => {
  it.each<[string, AttentionPrecision]>([
    ["fp32", { qk: "f32", pv: "f32" }],
    ["bf16", { qk: "bf16", pv: "bf16" }],
    ["int8", { qk: "int8", pv: "int8", ...portable }],
    ["int4", { qk: "int4", pv: "int4", ...portable, probabilityRange: "u4" }],
    ["int8-qk", { qk: "int8", pv: "f32", keySmoothing: true }],
    ["int4+int8", { qk: "int4", pv: "int8", ...portable }],
    ["fp16+fp8", { qk: "f16", pv: "fp8" }],
    [
      "int8:u8:tileRow",
      { qk: "int8", pv: "int8", ...portable, probabilityGroup: "tileRow", probabilityRange: "u8" },
    ],
    ["int8:row", { qk: "int8", pv: "int8", ...portable, probabilityGroup: "row" }],
    ["int4-qk:unsmoothed", { qk: "int4", pv: "f32", keySmoothing: false }],
  ])("reads %s", (name, precision) => {
    expect(precisionFromName(name)).toEqual(precision);
  });

  it.each([
    "",
    "int9",
    "INT8",
    "toString",
    "int8:",
    "int8:tile:row",
    "int8:tile:tile",
    "int8:u4",
    "int4:u7",
    "fp32:tile",
    "int8-qk:rank1",
    "fp8",
    "int8+int4-qk",
    "int8+int4+int4",
    "int8:column",
  ])("refuses %j in one sentence", (name) => {
    const refused = () => precisionFromName(name);
    expect(refused).toThrow(InvalidArgumentError);
    expect(refused).toThrow(
      `expected a precision of fp32, int8, int4, int8-qk, int4-qk, with choices as in int8:tileRow:u8:rank1, but found ${JSON.stringify(name)}`,
    );
  });
});

describe("precisionName", () => {
  it.each([
    ...PRECISION_NAMES,
    "fp16",
    "int8+int4",
    "int4:tileRow:rank1",
    "int8:row:u8:rank1:unsmoothed",
    "bf16+int8:tileRow",
  ])("is what precisionFromName read: %s", (name) => {
    expect(precisionName(precisionFromName(name))).toBe(name);
  });

  it("leaves out what goes without saying", () => {
    expect(precisionName({ qk: "int8", pv: "int8" })).toBe("int8");
    expect(precisionName({ qk: "int8", pv: "int8", ...portable })).toBe("int8");
  });
});

it("tells who simulates", () => {
  const precision = precisionFromName("int8:tileRow");
  expect(describePrecision({ precision, arithmetic: "simulated" })).toBe(
    "int8:tileRow (simulated, no speed claim)",
  );
  expect(describePrecision({ precision, arithmetic: "native" })).toBe("int8:tileRow");
});
