import { imageLayout, partitionLayout } from "@paroattn/reorder";
import { describe, expect, it } from "vitest";
import {
  BlockMask,
  globalThreshold,
  isTextBlock,
  type MaskCriterion,
  makeMaskSchedule,
  massesInMemory,
  seededGenerator,
  textOnlyHeads,
} from "../src/index.js";

// 3 blocks of text, then 5 visual ones; the last of each is short.
const partition = partitionLayout(imageLayout({ height: 5, width: 60, textTokens: 150 }));
const { blocks } = partition;
/** Share of each visual row's mass on text, per head. In the second head one row of blocks looks elsewhere. */
const onText = [
  () => 0.995,
  (query: number) => (query === 6 ? 0.5 : 0.999),
  () => 0.2,
  () => 0.995,
] as const;
const heads = onText.length;
const random = seededGenerator(5);
const masses = Float32Array.from({ length: heads * blocks ** 2 }, (_, index) => {
  const head = Math.floor(index / blocks ** 2);
  const query = Math.floor(index / blocks) % blocks;
  const share = onText[head]!(query);
  const spread = 0.9 + 0.2 * random();
  // Text is 3 blocks, so a third each. Rounding aside, a row sums to 1.
  return isTextBlock(partition, index % blocks) ? share / 3 : (spread * (1 - share)) / 5;
});
const source = massesInMemory({ masses, buckets: 1, layers: 1, heads, blocks });
const scheduled = (criterion: MaskCriterion, textOnlyShare?: number) =>
  makeMaskSchedule({ source, partition, criterion, textOnlyShare });
const headCount = (mask: BlockMask, head: number) =>
  mask
    .unpack()
    .slice(head * blocks ** 2, (head + 1) * blocks ** 2)
    .reduce((a, b) => a + b, 0);
/** Blocks in which a row or a column is text. */
const forced = blocks ** 2 - 5 ** 2;

describe("heads that look only at text", () => {
  const criteria: MaskCriterion[] = [
    { kind: "globalBudget", density: 0.95 },
    { kind: "headDensity", density: 0.95 },
    { kind: "threshold", threshold: 0 },
    { kind: "topP", mass: 0.9999 },
  ];

  it.each(criteria)("keep no block between visual tokens under $kind", async (criterion) => {
    const { masks } = await scheduled(criterion, 0.99);
    const mask = masks[0]![0]!;
    expect(textOnlyHeads(mask, partition)).toEqual([true, false, false, true]);
    expect([headCount(mask, 0), headCount(mask, 3)]).toEqual([forced, forced]);
    mask.validate();
    const without = (await scheduled(criterion)).masks[0]![0]!;
    expect(textOnlyHeads(without, partition)).toEqual([false, false, false, false]);
  });

  it("leave their budget to the others", async () => {
    const share = { textOnlyShare: 0.99 };
    const tight = await globalThreshold({ source, partition, density: 0.75, ...share });
    const { masks, density } = await scheduled({ kind: "globalBudget", density: 0.75 }, 0.99);
    expect(tight).toMatchObject(share);
    expect(density).toBeCloseTo(0.75, 1);
    const mask = masks[0]![0]!;
    // A fair share would be the same for each of four heads; two have all, two the text alone.
    const fair = (await scheduled({ kind: "headDensity", density: 0.75 })).masks[0]![0]!;
    for (const head of [1, 2]) expect(headCount(mask, head)).toBeGreaterThan(headCount(fair, head));
  });

  it("are told by the mask from those that a small budget leaves little", async () => {
    // The text of all heads, and in the visual rows of two of the four a block, of 64 columns or less.
    const { tokens, blockSize } = partition;
    const visual = tokens - 150;
    const density = 1 - (visual / tokens) ** 2 + (visual * blockSize) / tokens ** 2 / 2;
    for (const criterion of [
      { kind: "globalBudget", density },
      { kind: "threshold", threshold: 1 },
      { kind: "topP", mass: 1e-6 },
    ] as const) {
      const { masks } = await scheduled(criterion, 0.99);
      const mask = masks[0]![0]!;
      expect(textOnlyHeads(mask, partition)).toEqual([true, false, false, true]);
      for (const head of [1, 2]) {
        for (let query = 3; query < blocks; query++) {
          const row = masses.subarray((head * blocks + query) * blocks).subarray(3, blocks);
          const heaviest = 3 + row.indexOf(Math.max(...row));
          expect(mask.get(head, query, heaviest), `${criterion.kind} ${head} ${query}`).toBe(true);
        }
      }
      if (criterion.kind !== "globalBudget") expect(headCount(mask, 1)).toBe(forced + 5);
    }
  });

  it("leave a density unmet that the others do not reach", async () => {
    const { masks, density, globalThreshold } = await scheduled(
      { kind: "globalBudget", density: 0.95 },
      0.99,
    );
    expect(globalThreshold).toMatchObject({ threshold: 0, tieShare: 1, textOnlyShare: 0.99 });
    expect([1, 2].map((head) => headCount(masks[0]![0]!, head))).toEqual([
      blocks ** 2,
      blocks ** 2,
    ]);
    expect(density).toBeLessThan(0.95);
  });

  it("are not told apart where everything is to be kept", async () => {
    for (const criterion of [
      { kind: "globalBudget", density: 1 },
      { kind: "headDensity", density: 1 },
      { kind: "topP", mass: 1 },
    ] as const) {
      const { masks, density } = await scheduled(criterion, 0.99);
      expect(density).toBe(1);
      expect(textOnlyHeads(masks[0]![0]!, partition)).not.toContain(true);
    }
    const threshold = await globalThreshold({ source, partition, density: 1, textOnlyShare: 0.99 });
    expect(threshold.textOnlyShare).toBeUndefined();
  });

  it("are none without text", async () => {
    const visual = partitionLayout(imageLayout({ height: 5, width: 60 }));
    const mask = BlockMask.empty({ heads: 2, queryBlocks: 5, keyBlocks: 5 });
    for (let block = 0; block < 5; block++) mask.set(0, block, block);
    expect(textOnlyHeads(mask, visual)).toEqual([false, false]);
  });

  it("refuse a share that is none, and a partition of other blocks", async () => {
    for (const share of [0, 1.1, -1, Number.NaN]) {
      const expected = "Expected textOnlyShare in (0, 1]";
      await expect(scheduled({ kind: "globalBudget", density: 0.9 }, share)).rejects.toThrow(
        expected,
      );
      await expect(scheduled({ kind: "topP", mass: 0.9 }, share)).rejects.toThrow(expected);
    }
    const mask = BlockMask.full({ heads: 1, queryBlocks: 3, keyBlocks: 3 });
    expect(() => textOnlyHeads(mask, partition)).toThrow(
      'Expected a partition of 3 x 3 blocks but found "8 x 8"',
    );
  });
});
