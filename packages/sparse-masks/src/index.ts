export {
  BLOCK_SIZE,
  type BlockPartition,
  type BlockRange,
  blockLength,
  isTextBlock,
  partitionLayout,
  partitionTokens,
} from "@paroattn/reorder";
export { BlockMask, type BlockMaskData, type BlockMaskShape, bytesPerHead } from "./block-mask.js";
export { SparseMaskError } from "./errors.js";
