import "./emulated.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadNative } from "../src/load/load-native.js";
import type { NativeHandle, NativeTensor, NativeView } from "../src/native.js";

// Past TypeScript's own checks, as a mistake there would call it: an error each time, and no crash.
const native = loadNative();
let view: NativeView;
beforeEach(() => {
  view = native.createRoot(0, 0);
});
afterEach(() => native.close(view));

function tensor(elements: number, type: NativeTensor["type"] = "f32"): NativeTensor {
  const bytes = elements * (type === "f32" ? 4 : 2);
  return { handle: native.upload(view, new Uint8Array(bytes)), type };
}

function rowTable(...starts: number[]): NativeHandle {
  return native.createRowTable(view, {
    starts: Uint32Array.from(starts),
    orders: [new Uint32Array()],
  });
}

describe("the addon refuses", () => {
  it.each([undefined, "bytes", new Float32Array(1), {}])("to upload %s", (bytes) => {
    expect(() => native.upload(view, bytes as Uint8Array)).toThrow("Expected a Uint8Array");
  });

  it("to read into memory of another size", () => {
    expect(() => native.read(view, tensor(4).handle, new ArrayBuffer(12))).toThrow("ArrayBuffer");
  });

  it("handles and views of another kind, and released ones", () => {
    const input = tensor(2);
    const options = { input, count: 2, activation: "relu" } as const;
    const stranger = { handle: {} as NativeHandle, type: "f32" } as const;
    expect(() => native.activate({} as NativeView, options)).toThrow("Expected a view for view");
    expect(() => native.activate(view, { ...options, input: stranger })).toThrow(
      "Expected a handle for input",
    );
    native.release(input.handle);
    expect(() => native.activate(view, options)).toThrow("a handle that has not been released");
    const table = { handle: rowTable(0, 2), type: "f32" } as const;
    expect(() => native.activate(view, { ...options, input: table })).toThrow(
      "Expected a tensor for input",
    );
  });

  it("tensors of other sizes or types", () => {
    const call = (a: NativeTensor, b: NativeTensor) =>
      native.add(view, { a, b, shape: [2, 3], aShape: [2, 3], bShape: [1, 3] });
    expect(() => call(tensor(5), tensor(3))).toThrow("24 bytes instead of 20 for a");
    expect(() => call(tensor(6), tensor(3, "bf16"))).toThrow("another element type for b");
    const broadcast = { shape: [2, 3], aShape: [2, 3], bShape: [2, 2] };
    expect(() => native.add(view, { a: tensor(6), b: tensor(4), ...broadcast })).toThrow("bShape");
  });

  it.each([
    ["negative sizes", { count: -1 }],
    ["sizes that are no numbers", { count: "2" as unknown as number }],
    ["an unknown activation", { activation: "swish" as "silu" }],
  ])("%s", (_, change) => {
    const options = { input: tensor(2), count: 2, activation: "relu" as const, ...change };
    expect(() => native.activate(view, options)).toThrow("Expected ");
  });

  it("sizes whose product overflows", () => {
    const huge = 2 ** 40;
    const call = () =>
      native.slice(view, { input: tensor(2), outer: huge, inner: huge, start: 0, end: 1 });
    expect(call).toThrow("slice: not enough memory to issue the command");
  });

  it.each([
    ["no blocks", [], [new Uint32Array()]],
    ["a block of 65 tokens", [0, 65], [new Uint32Array()]],
    ["blocks that go backwards", [0, 64, 60], [new Uint32Array()]],
    ["an order that is no permutation", [0, 2], [Uint32Array.of(1, 1)]],
    ["an order of more tokens", [0, 2], [Uint32Array.of(0, 1, 2)]],
    ["no order", [0, 2], []],
  ])("row tables with %s", (_, starts, orders) => {
    const call = () => native.createRowTable(view, { starts: Uint32Array.from(starts), orders });
    expect(call).toThrow("Expected ");
  });

  const front = { queryTokens: 70, keyTokens: 70, heads: 1, keyValueHeads: 1, headDim: 64 };
  it.each([
    ["precision", { precision: "f32" as "f16" }],
    ["headDim", { headDim: 80 }],
    ["scale", { scale: 1e39 }],
    ["scale", { scale: Number.NaN }],
    ["heads", { heads: 2, keyValueHeads: 0 }],
    ["query", { heads: 2 }],
    ["queryRows", { queryRows: "short" }],
    ["keyLengths", { keyLengths: Uint32Array.of(71) }],
    ["keyLengths", { keyLengths: Uint32Array.of(70, 70) }],
    ["orderChoice", { orderChoice: Uint32Array.of(1) }],
    ["orderChoice", { orderChoice: Uint32Array.of(0, 0) }],
    ["norm", { norm: "batch" as "rms" }],
    ["pairing", { pairing: "both" as "half" }],
  ])("attention operands whose %s is %o", (name, change) => {
    const { queryRows, orderChoice, ...sizes } = { ...front, ...change } as typeof front & {
      readonly queryRows?: string;
      readonly orderChoice?: Uint32Array;
    };
    const rows = rowTable(0, 64, 70);
    const call = () =>
      native.prepareAttention(view, {
        query: tensor(70 * 64),
        key: tensor(70 * 64),
        value: tensor(70 * 64),
        precision: "bf16",
        batch: 1,
        scale: 1,
        queryRows: queryRows === undefined ? rows : rowTable(0, 64),
        keyRows: rows,
        orderChoice: orderChoice && native.createOrderChoice(view, { choice: orderChoice }),
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
        label: "",
        ...sizes,
      });
    expect(call).toThrow(name);
  });

  it("masks whose bits are too few", () => {
    const call = () =>
      native.prepareMask(view, {
        batch: 1,
        heads: 2,
        queryBlocks: 3,
        keyBlocks: 3,
        bits: new Uint8Array(3),
      });
    expect(call).toThrow("bits");
  });

  it("everything once it is closed", async () => {
    const input = tensor(2);
    native.close(view);
    native.close(view);
    expect(() => native.upload(view, new Uint8Array(1))).toThrow("disposed of");
    expect(() => native.activate(view, { input, count: 2, activation: "relu" })).toThrow(
      "disposed of",
    );
    expect(await native.flush(view, true)).toMatchObject({ operator: "dispose" });
  });
});
