import { refuse } from "./errors.js";

/** The side of PAROAttention's blocks, in tokens. */
export const BLOCK_ROWS = 64;

/**
 * How rows are cut into blocks: rows a block, of which the last may be short, or the row at which each block starts,
 * ascending from 0 and ending with the number of rows, such as `starts` of a partition of `@paroattn/reorder`.
 */
export type Blocks = number | ArrayLike<number>;

/** Rows of a [rows, rowLength] array. Throws a `QuantError` unless `length` is a positive multiple of `rowLength`. */
export function rowCount(length: number, rowLength: number): number {
  if (!Number.isInteger(rowLength) || rowLength < 1) {
    refuse("a positive integer for rowLength", rowLength);
  }
  const rows = length / rowLength;
  if (!Number.isInteger(rows) || rows < 1) {
    refuse(`whole rows of ${rowLength} elements, at least one,`, length);
  }
  return rows;
}

/** [blocks + 1]: block b holds the rows from starts[b] up to, not including, starts[b + 1]. */
export function blockStarts(rows: number, blocks: Blocks): Uint32Array {
  if (typeof blocks === "number") return evenStarts(rows, blocks);
  const first = blocks[0];
  const last = blocks[blocks.length - 1];
  if (first !== 0) refuse("0 as the first of the block starts", first);
  if (last !== rows) refuse(`${rows}, the number of rows, as the last of the block starts`, last);
  for (let block = 1; block < blocks.length; block++) {
    const [previous, start] = [blocks[block - 1]!, blocks[block]!];
    if (!(Number.isInteger(start) && start > previous)) {
      refuse(`a whole number above ${previous} as start ${block} of the blocks`, start);
    }
  }
  return Uint32Array.from(blocks);
}

function evenStarts(rows: number, blockRows: number): Uint32Array {
  if (!Number.isInteger(blockRows) || blockRows < 1) {
    refuse("a positive integer of rows a block", blockRows);
  }
  const count = Math.ceil(rows / blockRows);
  return Uint32Array.from({ length: count + 1 }, (_, i) => Math.min(rows, i * blockRows));
}
