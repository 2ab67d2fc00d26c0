import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dequantize,
  LARGEST_CODE,
  QuantError,
  type Quantized,
  quantizeBlocks,
  type ScaleLayout,
} from "../src/index.js";
import { blockedRows } from "./arbitraries.js";

const SMALLEST_NORMAL = 2 ** -126;

/** C's rintf, from its definition. */
function rint(x: number): number {
  const below = Math.floor(x);
  const past = x - below;
  if (past !== 0.5) return past < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The formula, one group at a time: which block and channel an element belongs to is looked up, not walked. */
function literal(options: {
  data: Float32Array;
  rowLength: number;
  blocks: readonly number[];
  bits: 8 | 4;
  perChannel: boolean;
}) {
  const { data, rowLength, blocks, bits, perChannel } = options;
  const qmax = bits === 8 ? 127 : 7;
  const group = (i: number) => {
    const row = Math.floor(i / rowLength);
    const block = blocks.findIndex((start, b) => start <= row && row < blocks[b + 1]!);
    return perChannel ? block * rowLength + (i % rowLength) : block;
  };
  const scales: number[] = [];
  const codes = Array.from(data, (x, i) => {
    const members = data.filter((_, j) => group(j) === group(i));
    const amax = Math.max(...members.map(Math.abs));
    const scale = Math.fround(amax / qmax);
    if (scale < SMALLEST_NORMAL) {
      scales[group(i)] = 1;
      return 0;
    }
    scales[group(i)] = scale;
    return rint(Math.fround(x * Math.fround(qmax / amax)));
  });
  return { codes, scales };
}

/** The step of an element of `quantized`: what one code more is worth. */
function stepAt(quantized: Quantized, i: number): number {
  const { rowLength, starts, scales, scaleLayout, channelScales } = quantized;
  const row = Math.floor(i / rowLength);
  const block = [...starts].findIndex((start, b) => start <= row && row < starts[b + 1]!);
  const channel = i % rowLength;
  if (scaleLayout === "channelBlock") return scales[block * rowLength + channel]!;
  return scales[block]! * (channelScales?.[channel] ?? 1);
}

const bits = fc.constantFrom(8 as const, 4 as const);
const layouts = fc.constantFrom<ScaleLayout>("block", "channelBlock", "rank1");

describe("quantizeBlocks", () => {
  it("by hand, with a tie, a short block and a block of zeros", () => {
    const data = Float32Array.of(-2, 1, 127, 0, 3, -254, 0, 0, 4, 8);
    expect(quantizeBlocks({ data, rowLength: 2, blocks: [0, 1, 3, 4, 5] })).toEqual({
      codes: Int8Array.of(-127, 64, 64, 0, 2, -127, 0, 0, 64, 127),
      scales: Float32Array.of(2 / 127, 2, 1, 8 / 127),
      rowLength: 2,
      starts: Uint32Array.of(0, 1, 3, 4, 5),
      scaleLayout: "block",
    });
  });

  it("rounds to float32 after every step, which decides next to a tie", () => {
    // In float64, with an unrounded factor, or over the scale instead, these would be 49 and 59.
    const data = Float32Array.of(3, 1.1456693410873413, 1.381889820098877);
    const { codes } = quantizeBlocks({ data, rowLength: 3 });
    expect([...codes]).toEqual([127, 48, 58]);
  });

  it("rank1 by hand: channels first, then blocks", () => {
    const data = Float32Array.of(1, 100, 0.5, 25, 0.25, -12.5);
    const quantized = quantizeBlocks({ data, rowLength: 2, blocks: 2, scaleLayout: "rank1" });
    expect(quantized.channelScales).toEqual(Float32Array.of(1, 100));
    expect(quantized.scales).toEqual(Float32Array.of(1 / 127, 0.25 / 127));
    expect(quantized.codes).toEqual(Int8Array.of(127, 127, 64, 32, 127, -64));
  });

  it("gives the codes and scales of the formula", () => {
    fc.assert(
      fc.property(blockedRows(), bits, fc.boolean(), (rows, bits, perChannel) => {
        const scaleLayout = perChannel ? "channelBlock" : "block";
        const { codes, scales } = quantizeBlocks({ ...rows, bits, scaleLayout });
        const expected = literal({ ...rows, bits, perChannel });
        expect([...codes]).toEqual(expected.codes.map((code) => code + 0));
        expect([...scales]).toEqual(expected.scales);
      }),
    );
  });

  it("rank1 gives the formula's codes of the data over the channel scales", () => {
    fc.assert(
      fc.property(blockedRows(), bits, (rows, bits) => {
        const { data, rowLength } = rows;
        const { codes, scales, channelScales } = quantizeBlocks({
          ...rows,
          bits,
          scaleLayout: "rank1",
        });
        const divided = data.map((x, i) => x * Math.fround(1 / channelScales![i % rowLength]!));
        const expected = literal({ ...rows, data: divided, bits, perChannel: false });
        expect([...codes]).toEqual(expected.codes.map((code) => code + 0));
        expect([...scales]).toEqual(expected.scales);
        channelScales!.forEach((scale, channel) => {
          const amax = Math.max(
            ...data.filter((_, i) => i % rowLength === channel).map((x) => Math.abs(x)),
          );
          expect(scale).toBe(amax < SMALLEST_NORMAL ? 1 : amax);
        });
      }),
    );
  });

  it("decodes to within half a step", () => {
    fc.assert(
      fc.property(blockedRows(), bits, layouts, (rows, bits, scaleLayout) => {
        const quantized = quantizeBlocks({ ...rows, bits, scaleLayout });
        const decoded = dequantize(quantized);
        rows.data.forEach((x, i) => {
          // float32 rounds a handful of times on the way; the second term is numbers too small for a scale.
          const bound = stepAt(quantized, i) * (0.5 + LARGEST_CODE[`s${bits}`] * 2 ** -21);
          expect(Math.abs(decoded[i]! - x)).toBeLessThanOrEqual(bound + 2 ** -118);
        });
      }),
    );
  });

  it("encodes what it decoded to the same codes and scales", () => {
    fc.assert(
      fc.property(blockedRows(), bits, fc.boolean(), (rows, bits, perChannel) => {
        const scaleLayout = perChannel ? "channelBlock" : "block";
        const first = quantizeBlocks({ ...rows, bits, scaleLayout });
        const second = quantizeBlocks({ ...rows, data: dequantize(first), bits, scaleLayout });
        expect(second).toEqual(first);
      }),
    );
  });

  it("encodes what it decoded to the same codes with the same channel scales", () => {
    fc.assert(
      fc.property(blockedRows(), bits, (rows, bits) => {
        // Next to the ends of the range the last bit of a decoded number can lead out of it.
        fc.pre(rows.data.every((x) => x === 0 || (Math.abs(x) > 1e-20 && Math.abs(x) < 1e20)));
        const first = quantizeBlocks({ ...rows, bits, scaleLayout: "rank1" });
        const { channelScales } = first;
        const again = { ...rows, data: dequantize(first), bits, channelScales: channelScales! };
        expect(quantizeBlocks({ ...again, scaleLayout: "rank1" }).codes).toEqual(first.codes);
      }),
    );
  });

  it("takes channel scales from elsewhere, such as a sample of the tokens", () => {
    const data = Float32Array.of(3, -6, 1.5, 2);
    const channelScales = Float32Array.of(2, 4);
    const quantized = quantizeBlocks({ data, rowLength: 2, scaleLayout: "rank1", channelScales });
    expect(quantized.scales).toEqual(Float32Array.of(1.5 / 127));
    expect(quantized.codes).toEqual(Int8Array.of(127, -127, 64, 42));
    expect(quantized.channelScales).toEqual(channelScales);
  });

  it("cuts into blocks of 64 rows unless told, and per token with blocks of 1", () => {
    const data = Float32Array.from({ length: 130 }, (_, i) => i - 40);
    expect([...quantizeBlocks({ data, rowLength: 1 }).starts]).toEqual([0, 64, 128, 130]);
    const { scales } = quantizeBlocks({ data, rowLength: 1, blocks: 1 });
    expect(scales).toEqual(data.map((x) => (x === 0 ? 1 : Math.abs(x) / 127)));
  });

  it("stays finite up to 2^127, and takes what is too small for a scale as zeros", () => {
    const data = Float32Array.of(2 ** 127, -(2 ** 127), 2 ** -126, 2 ** -149);
    const quantized = quantizeBlocks({ data, rowLength: 2, blocks: 1 });
    expect([...quantized.codes]).toEqual([127, -127, 0, 0]);
    expect(quantized.scales[1]).toBe(1);
    expect(dequantize(quantized).every(Number.isFinite)).toBe(true);
  });

  const good = { data: new Float32Array(12).fill(1), rowLength: 3 };
  it.each([
    [{ rowLength: 5 }, "Expected whole rows of 5 elements, at least one, but found 12"],
    [{ data: new Float32Array(0) }, "Expected whole rows of 3 elements, at least one, but found 0"],
    [{ rowLength: 0 }, "Expected a positive integer for rowLength but found 0"],
    [{ bits: 5 as 4 }, "Expected 8 or 4 bits but found 5"],
    [{ blocks: 0 }, "Expected a positive integer of rows a block but found 0"],
    [{ blocks: [1, 4] }, "Expected 0 as the first of the block starts but found 1"],
    [{ blocks: [] }, "Expected 0 as the first of the block starts but found undefined"],
    [
      { blocks: [0, 3] },
      "Expected 4, the number of rows, as the last of the block starts but found 3",
    ],
    [
      { blocks: [0, 2, 2, 4] },
      "Expected a whole number above 2 as start 2 of the blocks but found 2",
    ],
    [
      { scaleLayout: "row" as "block" },
      'Expected "block", "channelBlock" or "rank1" for scaleLayout but found "row"',
    ],
    [
      { data: new Float32Array(12).fill(Number.NaN, 7) },
      "Expected magnitudes up to 2^127 in data at element 7 but found NaN",
    ],
    [
      { data: new Float32Array(12).fill(Number.NEGATIVE_INFINITY, 2) },
      "Expected magnitudes up to 2^127 in data at element 2 but found -Infinity",
    ],
    [
      { channelScales: new Float32Array(3).fill(1) },
      'Expected channelScales with rank1 only but found "block"',
    ],
    [
      { scaleLayout: "rank1" as const, channelScales: new Float32Array(2).fill(1) },
      "Expected 3 channelScales, one a channel, but found 2",
    ],
    [
      { scaleLayout: "rank1" as const, channelScales: Float32Array.of(1, 0, 1) },
      "Expected a positive number up to 2^127 at channelScales[1] but found 0",
    ],
    [
      { scaleLayout: "rank1" as const, channelScales: Float32Array.of(1, 1, 2 ** -149) },
      "Expected magnitudes up to 2^127 in data over the channelScales at element 2 but found Infinity",
    ],
  ])("refuses %o", (change, message) => {
    expect(() => quantizeBlocks({ ...good, ...change })).toThrow(new QuantError(message));
  });
});

describe("dequantize", () => {
  it("is code times scale, times the channel's", () => {
    const codes = Int8Array.of(1, -2, 3, 4);
    const common = { codes, rowLength: 2, starts: Uint32Array.of(0, 1, 2) };
    const scales = Float32Array.of(0.5, 2);
    expect([...dequantize({ ...common, scaleLayout: "block", scales })]).toEqual([0.5, -1, 6, 8]);
    expect([
      ...dequantize({
        ...common,
        scaleLayout: "rank1",
        scales,
        channelScales: Float32Array.of(1, 10),
      }),
    ]).toEqual([0.5, -10, 6, 80]);
    // The product with the block's scale is rounded before the channel's.
    const rounded = dequantize({
      codes: Int8Array.of(100),
      rowLength: 1,
      starts: Uint32Array.of(0, 1),
      scaleLayout: "rank1",
      scales: Float32Array.of(7 / 127),
      channelScales: Float32Array.of(1 / 10),
    });
    expect(rounded[0]).toBe(0.5511810779571533);
    expect([
      ...dequantize({
        ...common,
        scaleLayout: "channelBlock",
        scales: Float32Array.of(1, 2, 3, 4),
      }),
    ]).toEqual([1, -4, 9, 16]);
  });

  const good: Quantized = quantizeBlocks({ data: new Float32Array(6).fill(1), rowLength: 3 });
  it.each([
    [{ codes: new Int8Array(5) }, "Expected whole rows of 3 elements, at least one, but found 5"],
    [
      { starts: Uint32Array.of(0, 3) },
      "Expected 2, the number of rows, as the last of the block starts but found 3",
    ],
    [{ scales: new Float32Array(2) }, "Expected 1 scales but found 2"],
    [{ scaleLayout: "channelBlock" as const }, "Expected 3 scales but found 1"],
    [
      { scaleLayout: "rank1" as const },
      'Expected channelScales with rank1 only, one a channel, but found "none"',
    ],
    [
      { channelScales: new Float32Array(3) },
      "Expected channelScales with rank1 only, one a channel, but found 3",
    ],
  ])("refuses %o", (change, message) => {
    expect(() => dequantize({ ...good, ...change })).toThrow(new QuantError(message));
  });
});

describe("QuantError", () => {
  it("is marked as meant for people and known across copies", () => {
    const error = new QuantError("x");
    expect(Reflect.get(error, Symbol.for("paroattn.error"))).toBe(true);
    expect(QuantError.isInstance(error)).toBe(true);
    expect(QuantError.isInstance(new Error("x"))).toBe(false);
  });
});
