import { videoLayout } from "@paroattn/reorder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BlockMask,
  type BlockPartition,
  partitionLayout,
  partitionTokens,
  randomMask,
  scheduleDensity,
} from "../src/index.js";
import { layouts } from "./arbitraries.js";

/** The definition: walk all pairs of tokens and look their block up. */
function naiveDensity(mask: BlockMask, query: BlockPartition, key: BlockPartition): number {
  const blockOf = (partition: BlockPartition, token: number) =>
    partition.starts.filter((start) => start <= token).length - 1;
  let live = 0;
  for (let head = 0; head < mask.heads; head++) {
    for (let q = 0; q < query.tokens; q++) {
      for (let k = 0; k < key.tokens; k++) {
        if (mask.get(head, blockOf(query, q), blockOf(key, k))) live++;
      }
    }
  }
  return live / (mask.heads * query.tokens * key.tokens);
}

describe("density", () => {
  it("counts valid pairs, not blocks", () => {
    fc.assert(
      fc.property(
        layouts(),
        fc.integer({ min: 1, max: 20 }),
        fc.integer(),
        (layout, keys, seed) => {
          const queryPartition = partitionLayout(layout, 8);
          const keyPartition = partitionTokens(keys, 8);
          const mask = randomMask({
            heads: 2,
            queryBlocks: queryPartition.blocks,
            keyBlocks: keyPartition.blocks,
            density: 0.4,
            seed,
          });
          expect(mask.density({ queryPartition, keyPartition })).toBeCloseTo(
            naiveDensity(mask, queryPartition, keyPartition),
            12,
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("of 226 text and 13x15x18 visual tokens, by hand", () => {
    const partition = partitionLayout(
      videoLayout({ frames: 13, height: 15, width: 18, textTokens: 226 }),
    );
    // 226 = 3 * 64 + 34 and 3510 = 54 * 64 + 54: 59 blocks.
    const mask = BlockMask.empty({ heads: 1, queryBlocks: 59, keyBlocks: 59 });
    mask.set(0, 3, 58);
    mask.set(0, 0, 4);
    expect(mask.density({ queryPartition: partition, keyPartition: partition })).toBe(
      (34 * 54 + 64 * 64) / 3736 ** 2,
    );
  });

  it("is 1 when full, and refuses a partition of another size", () => {
    const partition = partitionTokens(100);
    const mask = BlockMask.full({ heads: 4, queryBlocks: 2, keyBlocks: 2 });
    expect(mask.density({ queryPartition: partition, keyPartition: partition })).toBe(1);
    const other = partitionTokens(1000);
    expect(() => mask.density({ queryPartition: partition, keyPartition: other })).toThrow(
      "Expected a key partition of 2 blocks but found 16",
    );
    expect(() => mask.density({ queryPartition: other, keyPartition: partition })).toThrow(
      "Expected a query partition of 2 blocks but found 16",
    );
  });

  it("of a schedule weighs buckets by steps", () => {
    const partition = partitionTokens(128);
    const full = BlockMask.full({ heads: 1, queryBlocks: 2, keyBlocks: 2 });
    const quarter = BlockMask.empty(full);
    quarter.set(0, 0, 0);
    const masks = [
      [full, full],
      [quarter, full],
    ];
    expect(scheduleDensity({ masks, partition })).toBeCloseTo((1 + 1 + 0.25 + 1) / 4, 12);
    expect(scheduleDensity({ masks, partition, bucketSteps: [1, 3] })).toBeCloseTo(
      (2 + 3 * 1.25) / 8,
      12,
    );
    expect(() => scheduleDensity({ masks, partition, bucketSteps: [1] })).toThrow(/2 bucketSteps/);
  });
});
