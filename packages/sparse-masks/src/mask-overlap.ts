import type { BlockPartition } from "@paroattn/reorder";
import type { BlockMaskData } from "./block-mask-data.js";
import { refuse } from "./errors.js";
import { pairCounts } from "./pair-counts.js";

export interface MaskOverlapOptions {
  /** Masks, such as one a layer. */
  readonly reference: readonly BlockMaskData[];
  /** As many, of the same sizes. */
  readonly other: readonly BlockMaskData[];
  /** The blocks of the layout, on the query side and the key side alike. */
  readonly partition: BlockPartition;
}

/** How much two choices of blocks have in common, by valid query-key pairs. */
export interface MaskOverlap {
  /** Pairs kept by both / pairs kept by either: 1 for equal masks, 0 for those with nothing in common. */
  readonly jaccard: number;
  /** Pairs kept by both / pairs kept by the reference. */
  readonly kept: number;
}

/**
 * The overlap of what two lists of masks keep between visual tokens, over all heads together. Blocks of text are left out:
 * every mask keeps them. Where neither keeps anything both shares are 1; where only the reference does not, `kept` is 1.
 *
 * Throws a `SparseMaskError` where lists, masks and partition differ in size.
 */
export function maskOverlap(options: MaskOverlapOptions): MaskOverlap {
  const { reference, other, partition } = options;
  if (reference.length !== other.length) refuse(`${reference.length} masks`, other.length);
  const { blocks, visualBlocks } = partition;
  const pairs = pairCounts(partition);
  let both = 0;
  let ofReference = 0;
  let ofOther = 0;
  reference.forEach((first, index) => {
    const second = other[index] as BlockMaskData;
    checkSizes(first, { heads: first.heads, blocks });
    checkSizes(second, { heads: first.heads, blocks });
    const headBytes = first.bits.length / first.heads;
    for (let head = 0; head < first.heads; head++) {
      for (let query = visualBlocks.start; query < visualBlocks.end; query++) {
        for (let key = visualBlocks.start; key < visualBlocks.end; key++) {
          const block = query * blocks + key;
          const byte = head * headBytes + (block >> 3);
          const inFirst = ((first.bits[byte] as number) >> (block & 7)) & 1;
          const inSecond = ((second.bits[byte] as number) >> (block & 7)) & 1;
          const weight = pairs[block] as number;
          ofReference += inFirst * weight;
          ofOther += inSecond * weight;
          both += (inFirst & inSecond) * weight;
        }
      }
    }
  });
  const either = ofReference + ofOther - both;
  return {
    jaccard: either === 0 ? 1 : both / either,
    kept: ofReference === 0 ? 1 : both / ofReference,
  };
}

function checkSizes(
  mask: BlockMaskData,
  expected: { readonly heads: number; readonly blocks: number },
): void {
  const { heads, blocks } = expected;
  if (mask.heads === heads && mask.queryBlocks === blocks && mask.keyBlocks === blocks) return;
  refuse(
    `a mask of ${heads} heads, ${blocks} x ${blocks} blocks`,
    `${mask.heads} heads, ${mask.queryBlocks} x ${mask.keyBlocks}`,
  );
}
