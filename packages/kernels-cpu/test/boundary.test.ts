import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadNative } from "../src/load/load-native.js";
import type { NativeHandle, NativeView } from "../src/native.js";

// Past TypeScript's own checks, as a mistake there would call it: an error each time, and no crash.
const native = loadNative();
let view: NativeView;
beforeEach(() => {
  view = native.createRoot(1);
});
afterEach(() => native.close(view));

function tensor(elements: number): NativeHandle {
  return native.upload(view, new Uint8Array(4 * elements));
}

describe("the addon refuses", () => {
  it.each([0, -1, Number.NaN, 1e9, "two"])("%s threads", (threads) => {
    expect(() => native.createRoot(threads as number)).toThrow("Expected 1 to 1024 for threads");
  });

  it.each([undefined, "bytes", new Float32Array(1), {}])("to upload %s", (bytes) => {
    expect(() => native.upload(view, bytes as Uint8Array)).toThrow("Expected a Uint8Array");
  });

  it("to read into memory of another size", () => {
    expect(() => native.read(view, tensor(4), new ArrayBuffer(12))).toThrow("ArrayBuffer");
  });

  const convolution = { sizes: [4, 4], kernel: [2, 2], outputSizes: [3, 3], stride: 1 };
  it.each([
    ["outputSizes", { outputSizes: [4, 3] }],
    ["outputSizes", { outputSizes: [3, 400] }],
    ["outputSizes", { stride: 0 }],
    ["sizes", { sizes: [4] }],
    ["kernel", { kernel: [2, 2, 2] }],
    ["padding", { padding: [0, 0] }],
  ])("a convolution whose %s does not follow from %o", (name, change) => {
    const call = () =>
      native.conv2d(view, {
        padding: [0, 0, 0, 0],
        ...convolution,
        ...change,
        input: tensor(16),
        weight: { handle: tensor(4), type: "f32" },
        bias: undefined,
        batch: 1,
        inputs: 1,
        outputs: 1,
      });
    expect(call).toThrow(name);
  });

  const front = { queryTokens: 70, keyTokens: 70, heads: 1, keyValueHeads: 1 };
  it.each([
    ["queryStarts", { queryStarts: Uint32Array.of(0, 70) }],
    ["keyStarts", { keyStarts: Uint32Array.of(0, 64, 71) }],
    ["heads", { heads: 2, keyValueHeads: 0 }],
    ["query", { heads: 2 }],
    ["query", { type: "bf16" as const }],
    ["type", { type: "f16" as "bf16" }],
    ["queryKeyType", { queryKeyType: "bf16" as const }],
    ["valueType", { valueType: "int8" as "bf16" }],
    ["keyLengths", { keyLengths: Uint32Array.of(71) }],
    ["orderChoice", { orders: [undefined], orderChoice: Uint32Array.of(1) }],
    ["queryKeyBits", { queryKeyBits: 6 }],
    ["valueBits", { valueBits: 16 }],
    ["probabilityGroup", { probabilityGroup: "column" as "row" }],
    ["probabilityGroup", { probabilityGroup: undefined }],
    ["largestProbabilityCode", { largestProbabilityCode: 256 }],
  ])("attention operands whose %s is %o", (name, change) => {
    const starts = Uint32Array.of(0, 64, 70);
    const call = () =>
      native.prepareAttention(view, {
        query: tensor(140),
        key: tensor(140),
        value: tensor(140),
        type: "f32",
        batch: 1,
        headDim: 2,
        scale: 1,
        queryStarts: starts,
        keyStarts: starts,
        orders: undefined,
        orderChoice: undefined,
        norm: undefined,
        epsilon: undefined,
        queryWeight: undefined,
        keyWeight: undefined,
        queryBias: undefined,
        keyBias: undefined,
        pairing: undefined,
        cos: undefined,
        sin: undefined,
        keyLengths: undefined,
        queryKeyType: "f32",
        valueType: "f32",
        queryKeyBits: 8,
        valueBits: 8,
        smoothKeys: true,
        rank1Values: false,
        probabilityGroup: "tile",
        largestProbabilityCode: 127,
        label: "",
        ...front,
        ...change,
      });
    expect(call).toThrow(name);
  });
});
