import { imageLayout, partitionLayout } from "@paroattn/reorder";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockMask, blockLength, isTextBlock, maskOverlap, randomMask } from "../src/index.js";

// One block of text (20 tokens), then visual ones of 64, 64 and 12 tokens.
const partition = partitionLayout(imageLayout({ height: 10, width: 14, textTokens: 20 }));
const shape = { heads: 2, queryBlocks: 4, keyBlocks: 4 };

function maskOf(...live: (readonly [head: number, query: number, key: number])[]): BlockMask {
  const mask = BlockMask.empty(shape);
  for (let head = 0; head < 2; head++) {
    for (let block = 0; block < 4; block++) {
      mask.set(head, 0, block);
      mask.set(head, block, 0);
    }
  }
  for (const block of live) mask.set(...block);
  return mask;
}

describe("maskOverlap", () => {
  it("counts the pairs that both keep, between visual tokens", () => {
    const reference = [maskOf([0, 1, 1], [1, 2, 3])];
    const other = [maskOf([0, 1, 1], [1, 3, 3])];
    const [whole, ragged, corner] = [64 * 64, 64 * 12, 12 * 12];
    expect(maskOverlap({ reference, other, partition })).toEqual({
      jaccard: whole / (whole + ragged + corner),
      kept: whole / (whole + ragged),
    });
    expect(maskOverlap({ reference: other, other: reference, partition }).kept).toBe(
      whole / (whole + corner),
    );
  });

  it("sees all masks of the lists together", () => {
    const [a, b] = [maskOf([0, 1, 1]), maskOf([0, 2, 2])];
    const overlap = maskOverlap({ reference: [a, a], other: [a, b], partition });
    expect(overlap).toEqual({ jaccard: 1 / 3, kept: 1 / 2 });
  });

  it("is whole where neither keeps anything between visual tokens", () => {
    const [none, some] = [maskOf(), maskOf([0, 1, 1])];
    const of = (reference: BlockMask, other: BlockMask) =>
      maskOverlap({ reference: [reference], other: [other], partition });
    expect(of(none, none)).toEqual({ jaccard: 1, kept: 1 });
    expect(of(none, some)).toEqual({ jaccard: 0, kept: 1 });
    expect(of(some, none)).toEqual({ jaccard: 0, kept: 0 });
  });

  it("is what the definition says, for any masks", () => {
    const masks = fc.record({
      density: fc.double({ min: 0.1, max: 1, noNaN: true }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(masks, masks, (first, second) => {
        const [a, b] = [randomMask({ ...shape, ...first }), randomMask({ ...shape, ...second })];
        const sums = { a: 0, both: 0, either: 0 };
        for (let head = 0; head < 2; head++) {
          for (let query = 0; query < 4; query++) {
            for (let key = 0; key < 4; key++) {
              if (isTextBlock(partition, query) || isTextBlock(partition, key)) continue;
              const pairs = blockLength(partition, query) * blockLength(partition, key);
              const [inA, inB] = [a.get(head, query, key), b.get(head, query, key)];
              if (inA) sums.a += pairs;
              if (inA && inB) sums.both += pairs;
              if (inA || inB) sums.either += pairs;
            }
          }
        }
        const overlap = maskOverlap({ reference: [a], other: [b], partition });
        expect(overlap).toEqual({
          jaccard: sums.either === 0 ? 1 : sums.both / sums.either,
          kept: sums.a === 0 ? 1 : sums.both / sums.a,
        });
        const mirrored = maskOverlap({ reference: [b], other: [a], partition });
        expect(mirrored.jaccard).toBe(overlap.jaccard);
      }),
    );
  });

  it("refuses lists, masks and partitions that do not go together", () => {
    const mask = maskOf();
    expect(() => maskOverlap({ reference: [mask], other: [], partition })).toThrow(
      "Expected 1 masks but found 0",
    );
    const fewer = BlockMask.full({ heads: 1, queryBlocks: 4, keyBlocks: 4 });
    const smaller = BlockMask.full({ heads: 2, queryBlocks: 3, keyBlocks: 3 });
    expect(() => maskOverlap({ reference: [mask], other: [fewer], partition })).toThrow(
      'Expected a mask of 2 heads, 4 x 4 blocks but found "1 heads, 4 x 4"',
    );
    expect(() => maskOverlap({ reference: [smaller], other: [smaller], partition })).toThrow(
      'Expected a mask of 2 heads, 4 x 4 blocks but found "2 heads, 3 x 3"',
    );
  });
});
