import { describe, expect, it } from "vitest";
import { loadT5Tokenizer } from "../src/tokenizers/load-tokenizer.js";
import { CHECKPOINTS, fixtures, golden } from "./fixtures.js";

describe.each(CHECKPOINTS)("the tokenizer of %s", (name) => {
  const expected = golden(name);

  it("gives transformers' ids for every prompt", async () => {
    const tokenizer = await loadT5Tokenizer(`${fixtures}${name}/tokenizer`);
    expect(expected.tokens.length).toBeGreaterThan(60);
    for (const { text, ids } of expected.tokens) {
      expect({ text, ids: tokenizer.encode(text).ids }).toEqual({ text, ids });
    }
  });

  it("cuts at the maximum length and says what it cut", async () => {
    const tokenizer = await loadT5Tokenizer(`${fixtures}${name}/tokenizer`);
    const { text, ids } = expected.truncated;
    const cut = tokenizer.encode(text, expected.maximumLength);
    expect(cut.ids).toEqual(ids);
    expect(cut.removed).toMatch(/^(word ?)+$|^[a-z]{1,3} ?(word ?)+$/);
    expect(tokenizer.encode("a red circle", 4).removed).toBe("");
    expect(tokenizer.encode("a red circle", 3)).toEqual({
      ids: [...tokenizer.encode("a red").ids],
      removed: "circle",
    });
  });
});
