import { type TokenLayout, videoLayout } from "@paroattn/reorder";
import fc from "fast-check";
import { BlockMask } from "../src/index.js";

/** Layouts whose text and grid leave short blocks of every size. */
export function layouts(): fc.Arbitrary<TokenLayout> {
  return fc
    .record({
      frames: fc.integer({ min: 1, max: 4 }),
      height: fc.integer({ min: 1, max: 7 }),
      width: fc.integer({ min: 1, max: 7 }),
      textTokens: fc.integer({ min: 0, max: 12 }),
      textPosition: fc.constantFrom("before" as const, "after" as const),
    })
    .map(videoLayout);
}

/** Masks of every small size, with every share of live blocks. */
export function masks(): fc.Arbitrary<BlockMask> {
  return fc
    .record({
      heads: fc.integer({ min: 1, max: 3 }),
      queryBlocks: fc.integer({ min: 1, max: 9 }),
      keyBlocks: fc.integer({ min: 1, max: 9 }),
    })
    .chain((shape) => {
      const size = shape.heads * shape.queryBlocks * shape.keyBlocks;
      return fc
        .uint8Array({ minLength: size, maxLength: size, max: 1 })
        .map((blocks) => BlockMask.pack({ ...shape, blocks }));
    });
}
