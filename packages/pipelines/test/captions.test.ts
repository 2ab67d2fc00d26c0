import { describe, expect, it } from "vitest";
import { cleanCaption } from "../src/captions/clean-caption.js";
import { readJson } from "./fixtures.js";

interface Row {
  readonly caption: string;
  readonly once: string;
  readonly twice: string;
}

describe("cleanCaption", () => {
  const rows = readJson<Row[]>("captions.json");

  it("cleans as diffusers does, once and twice", () => {
    expect(rows.length).toBeGreaterThan(60);
    for (const { caption, once, twice } of rows) {
      const cleaned = cleanCaption(caption);
      expect({ caption, once: cleaned, twice: cleanCaption(cleaned) }).toEqual({
        caption,
        once,
        twice,
      });
    }
  });
});
