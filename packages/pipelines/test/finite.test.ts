import { tensor } from "@paroattn/tensor";
import { describe, expect, it } from "vitest";
import { findNonFinite } from "../src/checkpoint/finite.js";

const length = 9 * 1024 * 1024;

describe("findNonFinite", () => {
  it.each([0, 4 * 1024 * 1024, length - 1])("finds a NaN at %i", async (index) => {
    const data = new Uint16Array(length);
    data[index] = 0x7e00;
    expect(await findNonFinite(tensor({ dtype: "f16", shape: [length], data }))).toBe(index);
  });

  it("lets others work, and stops at the signal", async () => {
    const large = tensor({ dtype: "bf16", shape: [length], data: new Uint16Array(length) });
    const stop = new AbortController();
    setImmediate(() => stop.abort(new Error("stopped")));
    await expect(findNonFinite(large, stop.signal)).rejects.toThrow("stopped");
    expect(await findNonFinite(large)).toBe(-1);
  });
});
