import type { Codes } from "./codes.js";

/**
 * Where the scales of blocks of rows lie. `block`: one a block. `channelBlock`: one per channel and block.
 * `rank1`: the product of one per channel, for all rows, and one a block, which a kernel can fold into the softmax.
 */
export type ScaleLayout = "block" | "channelBlock" | "rank1";

/** Codes of a [rows, rowLength] array with what it takes to decode them. */
export interface Quantized<C extends Codes = Codes> {
  /** [rows, rowLength], one code an element; `packInt4` makes two a byte of them. */
  readonly codes: C;
  readonly rowLength: number;
  /** [blocks + 1]: block b holds the rows from starts[b] up to, not including, starts[b + 1]. */
  readonly starts: Uint32Array;
  readonly scaleLayout: ScaleLayout;
  /** [blocks]; with `channelBlock` [blocks, rowLength]. Above zero. */
  readonly scales: Float32Array;
  /** [rowLength], with `rank1` only. Above zero. */
  readonly channelScales?: Float32Array;
}
