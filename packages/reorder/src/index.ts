export { type ApplyOrderOptions, applyOrder, restoreOrder } from "./apply.js";
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
export {
  type BlockScoresOptions,
  blockScores,
  DEFAULT_SIGMA,
  type OrderScore,
  type ScoreFromStatisticsOptions,
  scoreFromStatistics,
} from "./score.js";
export {
  averageScores,
  type CombinedScores,
  type CombineScoresOptions,
  combineScores,
  DEFAULT_ALPHA,
  type OrderCandidate,
  type SelectOrdersOptions,
  selectOrders,
} from "./select.js";
export {
  DEFAULT_EPSILON,
  epsilonFor,
  type TileStatistics,
  type TileStatisticsOptions,
  tileStatistics,
} from "./statistics.js";
export type { TypedArray } from "./typed-array.js";
