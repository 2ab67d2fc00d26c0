/**
 * Which blocks of the attention map are computed, one bit a block, per head.
 * A head's bits are row-major over [queryBlocks, keyBlocks], least significant bit first, and start on a byte.
 */
export interface BlockMaskData {
  readonly heads: number;
  readonly queryBlocks: number;
  readonly keyBlocks: number;
  /** heads * ceil(queryBlocks * keyBlocks / 8) bytes. */
  readonly bits: Uint8Array;
}

/** Sizes of a mask. */
export interface BlockMaskShape {
  readonly heads: number;
  readonly queryBlocks: number;
  readonly keyBlocks: number;
}

/** Bytes of one head's bits: ceil(queryBlocks * keyBlocks / 8). */
export function bytesPerHead(shape: Omit<BlockMaskShape, "heads">): number {
  return Math.ceil((shape.queryBlocks * shape.keyBlocks) / 8);
}
