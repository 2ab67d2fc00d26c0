import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  blockLength,
  isTextBlock,
  partitionLayout,
  partitionTokens,
  tokenCount,
  videoLayout,
  visualStart,
  visualTokens,
} from "../src/index.js";
import { layouts } from "./arbitraries.js";

describe("partitionLayout", () => {
  it("cuts 226 text and 13x15x18 visual tokens into 4 and 55 blocks", () => {
    const partition = partitionLayout(
      videoLayout({ frames: 13, height: 15, width: 18, textTokens: 226 }),
    );
    expect(partition).toMatchObject({
      blockSize: 64,
      tokens: 3736,
      blocks: 59,
      textBlocks: { start: 0, end: 4 },
      visualBlocks: { start: 4, end: 59 },
    });
    expect([...partition.starts.slice(0, 6)]).toEqual([0, 64, 128, 192, 226, 290]);
    expect(blockLength(partition, 3)).toBe(34);
    expect(blockLength(partition, 58)).toBe(54);
  });

  it("puts text blocks last where the text is, and none where there is none", () => {
    const grid = { frames: 1, height: 3, width: 3 };
    const after = partitionLayout(
      videoLayout({ ...grid, textTokens: 5, textPosition: "after" }),
      4,
    );
    expect([...after.starts]).toEqual([0, 4, 8, 9, 13, 14]);
    expect(after).toMatchObject({
      visualBlocks: { start: 0, end: 3 },
      textBlocks: { start: 3, end: 5 },
    });
    const none = partitionLayout(videoLayout(grid), 4);
    expect([...none.starts]).toEqual([0, 4, 8, 9]);
    expect(none.textBlocks).toEqual({ start: 0, end: 0 });
  });

  it("covers the sequence, with short blocks only at the end of a part, for any layout", () => {
    fc.assert(
      fc.property(layouts(), fc.integer({ min: 1, max: 70 }), (layout, blockSize) => {
        const partition = partitionLayout(layout, blockSize);
        const first = visualStart(layout);
        const last = first + visualTokens(layout);
        expect(partition.blocks).toBe(
          Math.ceil(layout.textTokens / blockSize) + Math.ceil((last - first) / blockSize),
        );
        expect(partition.starts.length).toBe(partition.blocks + 1);
        expect(partition.starts[0]).toBe(0);
        expect(partition.starts[partition.blocks]).toBe(tokenCount(layout));
        for (let block = 0; block < partition.blocks; block++) {
          const length = blockLength(partition, block);
          const start = partition.starts[block] as number;
          const end = start + length;
          const visual = start >= first && start < last;
          expect(isTextBlock(partition, block)).toBe(!visual);
          expect(visual ? end <= last : end <= first || start >= last).toBe(true);
          const endsPart = end === first || end === last || end === partition.tokens;
          if (endsPart) expect(length).toBeGreaterThan(0);
          else expect(length).toBe(blockSize);
          expect(length).toBeLessThanOrEqual(blockSize);
        }
      }),
    );
  });
});

describe("partitionTokens", () => {
  it("cuts one run", () => {
    expect([...partitionTokens(130).starts]).toEqual([0, 64, 128, 130]);
    expect([...partitionTokens(128).starts]).toEqual([0, 64, 128]);
    expect(partitionTokens(10, 4)).toMatchObject({ blocks: 3, visualBlocks: { start: 0, end: 3 } });
  });

  it("refuses no tokens, a block size of 0 and a block outside", () => {
    expect(() => partitionTokens(0)).toThrow("Expected a positive integer of tokens but found 0");
    expect(() => partitionTokens(10, 0)).toThrow(/for blockSize but found 0/);
    expect(() => blockLength(partitionTokens(10, 4), 3)).toThrow(
      "Expected a block below 3 but found 3",
    );
  });
});
