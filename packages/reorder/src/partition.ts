import { refuse } from "./errors.js";
import { type TokenLayout, visualTokens } from "./layout.js";

/** The tile edge of PAROAttention's masks and kernels, in tokens. */
export const BLOCK_SIZE = 64;

/** Blocks from `start` up to, not including, `end`. */
export interface BlockRange {
  readonly start: number;
  readonly end: number;
}

/**
 * A sequence cut into blocks. The text part and the visual part each start a new block, and each may end in a short one.
 * The cut is the same for every axis order, because text stays in place.
 */
export interface BlockPartition {
  /** Tokens of a whole block. */
  readonly blockSize: number;
  /** Tokens of the sequence. */
  readonly tokens: number;
  readonly blocks: number;
  /** [blocks + 1]: block b holds the tokens from starts[b] up to, not including, starts[b + 1]. */
  readonly starts: Uint32Array;
  /** Blocks of the text; start = end where there is none. */
  readonly textBlocks: BlockRange;
  /** Blocks of the visual grid. */
  readonly visualBlocks: BlockRange;
}

/**
 * The blocks of a layout's sequence. Default block size: 64.
 *
 * @example partitionLayout(videoLayout({ frames: 13, height: 15, width: 18, textTokens: 226 }))
 * // 4 text blocks (the last one 34 tokens), then 55 visual ones (the last one 54)
 */
export function partitionLayout(
  layout: TokenLayout,
  blockSize: number = BLOCK_SIZE,
): BlockPartition {
  const visual = visualTokens(layout);
  if (layout.textTokens === 0) return partitionTokens(visual, blockSize);
  const textFirst = layout.textPosition === "before";
  const parts = textFirst ? [layout.textTokens, visual] : [visual, layout.textTokens];
  const { starts, firstBlocks } = cut(parts, blockSize);
  const first = { start: 0, end: firstBlocks };
  const second = { start: firstBlocks, end: starts.length - 1 };
  return freeze({
    blockSize,
    starts,
    textBlocks: textFirst ? first : second,
    visualBlocks: textFirst ? second : first,
  });
}

/** The blocks of a sequence that is one run of tokens, all of them counted as visual. Default block size: 64. */
export function partitionTokens(tokens: number, blockSize: number = BLOCK_SIZE): BlockPartition {
  const { starts } = cut([tokens], blockSize);
  return freeze({
    blockSize,
    starts,
    textBlocks: { start: 0, end: 0 },
    visualBlocks: { start: 0, end: starts.length - 1 },
  });
}

/** Tokens of one block. */
export function blockLength(partition: BlockPartition, block: number): number {
  const start = partition.starts[block];
  const end = partition.starts[block + 1];
  if (start === undefined || end === undefined) {
    return refuse(`a block below ${partition.blocks}`, block);
  }
  return end - start;
}

/** Whether a block holds text tokens. */
export function isTextBlock(partition: BlockPartition, block: number): boolean {
  return block >= partition.textBlocks.start && block < partition.textBlocks.end;
}

function cut(parts: readonly number[], blockSize: number) {
  if (!Number.isInteger(blockSize) || blockSize < 1) {
    refuse("a positive integer for blockSize", blockSize);
  }
  const starts = [0];
  let end = 0;
  for (const tokens of parts) {
    if (!Number.isInteger(tokens) || tokens < 1) refuse("a positive integer of tokens", tokens);
    end += tokens;
    while ((starts.at(-1) as number) + blockSize < end) {
      starts.push((starts.at(-1) as number) + blockSize);
    }
    starts.push(end);
  }
  const firstBlocks = Math.ceil((parts[0] as number) / blockSize);
  return { starts: Uint32Array.from(starts), firstBlocks };
}

function freeze(partition: Omit<BlockPartition, "tokens" | "blocks">): BlockPartition {
  const { starts } = partition;
  return Object.freeze({
    ...partition,
    tokens: starts.at(-1) as number,
    blocks: starts.length - 1,
  });
}
