import {
  type AxisOrder,
  gatherIndices,
  partitionLayout,
  type TokenLayout,
  tokenCount,
  visualStart,
  visualTokens,
} from "@paroattn/reorder";
import { type BlockMask, seededGenerator } from "@paroattn/sparse-masks";
import type { Tensor } from "@paroattn/tensor";

/** A mask, the same for all heads, in the order that its blocks are cut in. */
export interface OrderedMask {
  readonly mask: BlockMask;
  readonly order: AxisOrder;
}

/** Added to a logit it leaves nothing of its entry, and other than infinity it can be subtracted from itself. */
const DROPPED = -1e30;

/** So many visual tokens of a sequence, each at most once, all equally likely; ascending. */
export function sampledRows(layout: TokenLayout, count: number, seed: number): Uint32Array {
  const start = visualStart(layout);
  const tokens = Uint32Array.from({ length: visualTokens(layout) }, (_, index) => start + index);
  const random = seededGenerator(seed);
  // The first steps of a Fisher-Yates shuffle.
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(random() * (tokens.length - i));
    [tokens[i], tokens[other]] = [tokens[other]!, tokens[i]!];
  }
  return tokens.slice(0, count).sort();
}

/** [1, rows, tokens] in sequence order: 0 where a mask computes the pair (by its first head), elsewhere what drops it. */
export function biasOfRows(
  layout: TokenLayout,
  rows: Uint32Array,
  { mask, order }: OrderedMask,
): Tensor<"f32"> {
  const { starts, blocks } = partitionLayout(layout);
  const source = gatherIndices(layout, order);
  const tokens = tokenCount(layout);
  const blockOf = new Uint32Array(tokens);
  for (let block = 0; block < blocks; block++) {
    for (let at = starts[block]!; at < starts[block + 1]!; at++) blockOf[source[at]!] = block;
  }
  const data = new Float32Array(rows.length * tokens);
  for (const [index, row] of rows.entries()) {
    const live = new Uint8Array(blocks);
    for (const block of mask.liveBlocks(0, blockOf[row]!)) live[block] = 1;
    for (let key = 0; key < tokens; key++) {
      if (live[blockOf[key]!] === 0) data[index * tokens + key] = DROPPED;
    }
  }
  return { dtype: "f32", shape: [1, rows.length, tokens], data };
}
