export {
  BLOCK_SIZE,
  type BlockPartition,
  type BlockRange,
  blockLength,
  isTextBlock,
  partitionLayout,
  partitionTokens,
} from "@paroattn/reorder";
export { BlockMask } from "./block-mask.js";
export { type BlockMaskData, type BlockMaskShape, bytesPerHead } from "./block-mask-data.js";
export type {
  GlobalBudgetCriterion,
  HeadDensityCriterion,
  MaskCriterion,
  ThresholdCriterion,
  TopPCriterion,
} from "./criteria/criterion.js";
export { SparseMaskError } from "./errors.js";
export {
  type GlobalThreshold,
  type GlobalThresholdOptions,
  globalThreshold,
} from "./global-threshold.js";
export { type MaskFromThresholdOptions, maskFromThreshold } from "./mask-from-threshold.js";
export { type MaskMaker, type MaskMakerOptions, maskMaker } from "./mask-maker.js";
export { type MaskOverlap, type MaskOverlapOptions, maskOverlap } from "./mask-overlap.js";
export {
  type MaskSchedule,
  type MaskScheduleOptions,
  makeMaskSchedule,
  scheduledMask,
} from "./mask-schedule.js";
export { type MaskSvgOptions, maskSvg } from "./mask-svg.js";
export { type BlockMassSource, type HeadAddress, massesInMemory } from "./mass-source.js";
export { type RandomMaskOptions, randomMask } from "./random-mask.js";
export { type ScheduleDensityOptions, scheduleDensity } from "./schedule-density.js";
export { seededGenerator } from "./seeded-generator.js";
export { textOnlyHeads } from "./text-only.js";
export {
  type BucketOptions,
  type BucketShare,
  bucketOf,
  bucketsFromTimesteps,
  type TimestepBuckets,
  timestepBuckets,
} from "./timestep-buckets.js";
