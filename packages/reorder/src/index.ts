export { ReorderError } from "./errors.js";
export { gatherIndices, invertIndices } from "./gather.js";
export {
  describeLayout,
  type ImageLayoutOptions,
  imageLayout,
  layoutsEqual,
  type TokenLayout,
  tokenCount,
  type VideoLayoutOptions,
  videoLayout,
  visualStart,
  visualTokens,
} from "./layout.js";
export {
  type AxisOrder,
  axisOrders,
  IMAGE_ORDERS,
  type ImageOrder,
  nativeOrder,
  VIDEO_ORDERS,
  type VideoOrder,
} from "./order.js";
export {
  BLOCK_SIZE,
  type BlockPartition,
  type BlockRange,
  blockLength,
  isTextBlock,
  partitionLayout,
  partitionTokens,
} from "./partition.js";
