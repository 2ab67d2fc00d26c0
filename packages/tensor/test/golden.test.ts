import { describe, expect, it } from "vitest";
import {
  encodeSafetensors,
  openSafetensorsBytes,
  SafetensorsError,
  type Tensor,
  tensor,
  toFloat32,
} from "../src/index.js";

// Made by Python's safetensors 0.8.0 with torch: save({...}, metadata={"format": "pt"}).
const pythonFile = Buffer.from(
  "+AEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJub25lIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOlswLDBdfSwic2NhbGFyIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOlswLDRdfSwid2VpZ2h0Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNldHMiOls0LDIwXX0sImlkcyI6eyJkdHlwZSI6IkkzMiIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzIwLDMyXX0sImJyYWluIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzMyLDM2XX0sImJpYXMiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOlszNiw0Ml19LCJjb2RlcyI6eyJkdHlwZSI6Ikk4Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNDIsNDVdfSwiYnl0ZXMiOnsiZHR5cGUiOiJVOCIsInNoYXBlIjpbMiwxXSwiZGF0YV9vZmZzZXRzIjpbNDUsNDddfX0gICAAAABAAACAPwAAIMAAAFBAAACAfwEAAAD+////////f4A/ScBmLv97AoCAAH8H/w==",
  "base64",
);
const expected: Record<string, Tensor> = {
  weight: tensor({ dtype: "f32", shape: [2, 2], data: Float32Array.of(1, -2.5, 3.25, Infinity) }),
  bias: tensor({ dtype: "f16", shape: [3], data: Uint16Array.of(0x2e66, 0x7bff, 0x8002) }),
  brain: tensor({ dtype: "bf16", shape: [2], data: Uint16Array.of(0x3f80, 0xc049) }),
  codes: tensor({ dtype: "i8", shape: [3], data: Int8Array.of(-128, 0, 127) }),
  bytes: tensor({ dtype: "u8", shape: [2, 1], data: Uint8Array.of(7, 255) }),
  ids: tensor({ dtype: "i32", shape: [3], data: Int32Array.of(1, -2, 2 ** 31 - 1) }),
  scalar: tensor({ dtype: "f32", shape: [], data: Float32Array.of(2) }),
  none: tensor({ dtype: "f32", shape: [0, 3], data: new Float32Array(0) }),
};

// The same library: int64 "long", float64 "double", bool "yes" and float32 "w".
const foreignFile = Buffer.from(
  "6AAAAAAAAAB7ImxvbmciOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlswLDE2XX0sImRvdWJsZSI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzE2LDI0XX0sInciOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOlsyNCwyOF19LCJ5ZXMiOnsiZHR5cGUiOiJCT09MIiwic2hhcGUiOlsxXSwiZGF0YV9vZmZzZXRzIjpbMjgsMjldfX0gAQAAAAAAAAACAAAAAAAAAAAAAAAAAOA/AADAPwE=",
  "base64",
);

describe("files of Python's safetensors", () => {
  it("are read as they were meant", async () => {
    const file = await openSafetensorsBytes(pythonFile);
    expect(file.metadata).toEqual({ format: "pt" });
    expect([...file.names].sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) {
      expect(await file.read(name)).toEqual(value);
    }
    expect(toFloat32(await file.read("brain"))).toEqual(Float32Array.of(1, -3.140625));
  });

  it("are what we write, byte for byte", () => {
    const bytes = encodeSafetensors({ tensors: expected, metadata: { format: "pt" } });
    expect(Buffer.from(bytes).equals(pythonFile)).toBe(true);
  });

  it("may hold dtypes that are listed but not read", async () => {
    const file = await openSafetensorsBytes(foreignFile, { name: "foreign.safetensors" });
    expect(file.names.map((name) => file.info(name).dtype)).toEqual(["i64", "f64", "f32", "bool"]);
    expect(await file.read("w")).toEqual(
      tensor({ dtype: "f32", shape: [1], data: Float32Array.of(1.5) }),
    );
    const error = await file.read("long").catch((e: unknown) => e);
    expect(SafetensorsError.isInstance(error)).toBe(true);
    expect((error as Error).message).toBe(
      'Expected a dtype of f32, f16, bf16, i8, u8, i32 but found i64 for tensor "long" in foreign.safetensors',
    );
  });
});
