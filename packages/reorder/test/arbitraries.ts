import fc from "fast-check";
import { type TokenLayout, videoLayout } from "../src/index.js";

/** Small layouts of every kind: images and videos, text before, behind and absent. */
export function layouts(): fc.Arbitrary<TokenLayout> {
  return fc
    .record({
      frames: fc.integer({ min: 1, max: 5 }),
      height: fc.integer({ min: 1, max: 9 }),
      width: fc.integer({ min: 1, max: 9 }),
      textTokens: fc.integer({ min: 0, max: 12 }),
      textPosition: fc.constantFrom("before" as const, "after" as const),
    })
    .map(videoLayout);
}
