export type {
  AttentionOperands,
  AttentionOptions,
  AttentionPrecision,
  AttentionResult,
  BlockStatistics,
  BlockStatisticsOptions,
  DeviceMask,
  PrepareAttentionOptions,
  QueryKeyNorm,
  RotaryEmbedding,
} from "./attention-types.js";
export type { Backend, BackendScope, Operators, OperatorTiming, ScopeOptions } from "./backend.js";
export type { DeviceTensor } from "./device-tensor.js";
export type {
  ActivateOptions,
  Activation,
  AddGatedOptions,
  BinaryOptions,
  CombineOptions,
  ConcatOptions,
  Conv2dOptions,
  EmbeddingOptions,
  GroupNormOptions,
  LayerNormOptions,
  LinearOptions,
  PermuteOptions,
  ReshapeOptions,
  RmsNormOptions,
  SliceOptions,
  UpsampleNearest2dOptions,
} from "./operator-options.js";
