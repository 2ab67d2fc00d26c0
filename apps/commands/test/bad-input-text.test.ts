import { describe, expect, it } from "vitest";
import { printable } from "../src/terminal/printable.js";

describe("printable", () => {
  it.each([
    ["a\nb", "a\\nb"],
    ["a\r\n", "a\\r\\n"],
    ["\u001b[2J\u0007", "\\u001b[2J\\u0007"],
    ["\u009b31m\u007f\u2028", "\\u009b31m\\u007f\\u2028"],
    ["café 🦊 \\ \"'", "café 🦊 \\ \"'"],
  ])("keeps %j on its line", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("leaves lists as they are", () => {
    const list = "Expected an addon:\n  a: none\n  b: none\nWhat to do:\n  build it";
    expect(printable(list)).toBe(list);
  });
});
