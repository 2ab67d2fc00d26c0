import { describe, expect, it } from "vitest";
import { parseSafetensorsHeader, SafetensorsError } from "../src/index.js";

/** A file's beginning with any header text, and the size the file claims to have. */
function parse(header: string | Uint8Array, dataBytes = 0) {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return parseSafetensorsHeader(bytes, bytes.length + dataBytes);
}

const entry = (dtype: unknown, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe("parseSafetensorsHeader", () => {
  it("lists tensors with offsets from the start of the file", () => {
    const header = `{"b":${entry("F16", [2, 3], [4, 16])},"a":${entry("F32", [], [0, 4])}}  `;
    const { tensors, dataOffset, metadata } = parse(header, 16);
    expect(dataOffset).toBe(8 + header.length);
    expect(metadata).toEqual({});
    expect([...tensors]).toEqual([
      ["b", { dtype: "f16", shape: [2, 3], byteOffset: dataOffset + 4, byteLength: 12 }],
      ["a", { dtype: "f32", shape: [], byteOffset: dataOffset, byteLength: 4 }],
    ]);
  });

  it("accepts no tensors, empty tensors anywhere between others, and names such as __proto__", () => {
    expect(parse("{}").tensors.size).toBe(0);
    const empty = entry("F32", [0], [4, 4]);
    const header = `{"x":${entry("U8", [4], [0, 4])},"__proto__":${empty},"y":${empty},"z":${entry("I8", [1], [4, 5])}}`;
    expect([...parse(header, 5).tensors.keys()]).toEqual(["x", "__proto__", "y", "z"]);
  });

  it("accepts tensors beyond 4 GiB", () => {
    const size = 6 * 2 ** 30;
    const header = `{"big":${entry("F32", [size / 4], [0, size])},"end":${entry("U8", [1], [size, size + 1])}}`;
    const { tensors, dataOffset } = parse(header, size + 1);
    expect(tensors.get("end")?.byteOffset).toBe(dataOffset + size);
  });

  it("counts bits, so that 4-bit and 6-bit dtypes can be listed", () => {
    const header = `{"four":${entry("F4", [6], [0, 3])},"six":${entry("F6_E2M3", [4], [3, 6])}}`;
    expect(parse(header, 6).tensors.get("six")?.byteLength).toBe(3);
    expect(() => parse(`{"four":${entry("F4", [3], [0, 2])}}`, 2)).toThrow(SafetensorsError);
  });

  const one = (dtype: unknown, shape: unknown, offsets: unknown) =>
    `{"t":${entry(dtype, shape, offsets)}}`;
  const cases: [string, string | Uint8Array, number, RegExp][] = [
    ["no JSON", "nonsense", 0, /Expected a header in JSON but found 8 bytes that do not parse/],
    ["an empty header", "", 0, /Expected a header in JSON/],
    ["broken UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 0, /Expected a header in JSON/],
    ["a byte order mark", "\uFEFF{}", 0, /Expected a header in JSON/],
    ["a list", "[1]", 0, /Expected a JSON object as header but found \[1\]/],
    ["null", "null", 0, /Expected a JSON object as header but found null/],
    [
      "deep nesting",
      `{"t":${"[".repeat(50000)}${"]".repeat(50000)}}`,
      0,
      /found an array of 1 for/,
    ],
    [
      "a deep dtype",
      one(JSON.parse(`${"[".repeat(1000)}${"]".repeat(1000)}`), [], [0, 0]),
      0,
      /dtype/,
    ],
    [
      "a tensor twice",
      `{"t":${entry("U8", [1], [0, 1])},"\\u0074":${entry("U8", [1], [1, 2])}}`,
      2,
      /every key of the header once but found "t" twice/,
    ],
    [
      "a field twice",
      '{"t":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}',
      1,
      /"dtype" twice/,
    ],
    ["metadata that is no object", '{"__metadata__":["a"]}', 0, /an object as __metadata__/],
    [
      "metadata that is no string",
      '{"__metadata__":{"a":1}}',
      0,
      /a string as __metadata__ "a" but found 1/,
    ],
    ["an entry that is no object", '{"t":3}', 0, /but found 3 for tensor "t"/],
    [
      "an unknown dtype",
      one("F31", [1], [0, 4]),
      4,
      /a dtype of safetensors .* but found "F31" for tensor "t"/,
    ],
    ["a dtype in lower case", one("f32", [1], [0, 4]), 4, /but found "f32"/],
    ["an inherited dtype", one("constructor", [1], [0, 4]), 4, /but found "constructor"/],
    ["no dtype", '{"t":{"shape":[],"data_offsets":[0,0]}}', 0, /but found nothing/],
    ["a shape that is no list", one("U8", 4, [0, 4]), 4, /a list of sizes as shape but found 4/],
    ["a negative size", one("U8", [-1, -4], [0, 4]), 4, /whole sizes .* but found \[-1, -4\]/],
    ["a broken size", one("U8", [1.5], [0, 1]), 1, /whole sizes/],
    ["a size in a string", one("U8", ["4"], [0, 4]), 4, /whole sizes/],
    ["an overflowing product", one("U8", [2 ** 30, 2 ** 30], [0, 4]), 4, /safe product/],
    ["overflowing bytes", one("F64", [2 ** 52], [0, 4]), 4, /safe number of bytes/],
    ["one offset", one("U8", [4], [0]), 4, /two whole data_offsets/],
    ["negative offsets", one("U8", [4], [-4, 0]), 4, /two whole data_offsets/],
    [
      "offsets beyond the safe integers",
      '{"t":{"dtype":"U8","shape":[1],"data_offsets":[9007199254740992,9007199254740993]}}',
      4,
      /two whole data_offsets/,
    ],
    ["offsets the wrong way round", one("U8", [4], [4, 0]), 4, /begin <= end/],
    [
      "offsets past the end",
      one("U8", [5], [0, 5]),
      4,
      /within the 4 bytes after the header but found \[0, 5\]/,
    ],
    [
      "a length that is not the shape's",
      one("F32", [2], [0, 4]),
      4,
      /Expected 8 bytes \(f32 \[2\]\) but found 4 bytes/,
    ],
    [
      "an overlap",
      `{"a":${entry("U8", [4], [0, 4])},"b":${entry("U8", [4], [2, 6])}}`,
      6,
      /found an overlap: it begins at 2 for tensor "b"/,
    ],
    [
      "a hole",
      `{"a":${entry("U8", [1], [0, 1])},"b":${entry("U8", [1], [2, 3])}}`,
      3,
      /found a hole: it begins at 2 for tensor "b"/,
    ],
    ["a hole in front", one("U8", [1], [1, 2]), 2, /found a hole/],
    ["bytes after the last tensor", one("U8", [1], [0, 1]), 2, /but found \d+ bytes/],
    [
      "an empty tensor inside another",
      `{"a":${entry("U8", [4], [0, 4])},"b":${entry("U8", [0], [2, 2])}}`,
      4,
      /an overlap/,
    ],
  ];
  it.each(cases)("refuses %s", (_, header, dataBytes, message) => {
    expect(() => parse(header, dataBytes)).toThrow(SafetensorsError);
    expect(() => parse(header, dataBytes)).toThrow(message);
  });

  it("refuses a length field past the file, past 100 MB, and a file too short to have one", () => {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, 9n, true);
    expect(() => parseSafetensorsHeader(bytes, 16)).toThrow("a file of at least 17 bytes");
    view.setBigUint64(0, 100_000_001n, true);
    expect(() => parseSafetensorsHeader(bytes, 2 ** 40)).toThrow(
      "a header of at most 100000000 bytes",
    );
    view.setBigUint64(0, 2n ** 64n - 1n, true);
    expect(() => parseSafetensorsHeader(bytes, 2 ** 40)).toThrow("18446744073709551615");
    view.setBigUint64(0, 100n, true);
    expect(() => parseSafetensorsHeader(bytes, 2 ** 40)).toThrow(
      "the header's 108 bytes but found 16",
    );
    expect(() => parseSafetensorsHeader(bytes.subarray(0, 7), 7)).toThrow(
      "found a file of 7 bytes",
    );
  });

  it("cuts long names in messages", () => {
    const error = (() => {
      try {
        return parse(`{"${"n".repeat(100_000)}":1}`);
      } catch (e) {
        return e as Error;
      }
    })();
    expect((error as Error).message.length).toBeLessThan(250);
  });
});
