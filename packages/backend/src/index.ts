export { abortError } from "./abort.js";
export type {
  Arithmetic,
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
export type { DeviceTensor, FloatDType } from "./device-tensor.js";
export {
  BackendError,
  InvalidArgumentError,
  OperatorError,
  TensorDisposedError,
  UnsupportedError,
} from "./errors.js";
export type {
  ActivateOptions,
  Activation,
  AddGatedOptions,
  BinaryOptions,
  CombineOptions,
  ConcatOptions,
  Conv2dOptions,
  Conv3dOptions,
  EmbeddingOptions,
  FeedForwardLayer,
  FeedForwardOptions,
  GroupNormOptions,
  LayerNormOptions,
  LinearOptions,
  PermuteOptions,
  ReshapeOptions,
  RmsNormOptions,
  SliceOptions,
  UpsampleNearest2dOptions,
} from "./operator-options.js";
export { inferActivate } from "./operators/activate.js";
export { inferAddGated } from "./operators/add-gated.js";
export { type AttentionShapes, inferAttention } from "./operators/attention.js";
export { inferBinary } from "./operators/binary.js";
export { inferBlockStatistics } from "./operators/block-statistics.js";
export { inferCombine } from "./operators/combine.js";
export { inferConcat } from "./operators/concat.js";
export { inferConv2d } from "./operators/conv2d.js";
export { inferConv3d } from "./operators/conv3d.js";
export { inferEmbedding } from "./operators/embedding.js";
export { inferFeedForward } from "./operators/feed-forward.js";
export { inferGroupNorm } from "./operators/group-norm.js";
export { inferLayerNorm } from "./operators/layer-norm.js";
export { inferLinear } from "./operators/linear.js";
export { checkLiveKeys } from "./operators/live-keys.js";
export { inferMask, isLive, type ResolvedMask } from "./operators/mask.js";
export { inferPermute } from "./operators/permute.js";
export { resolvePrecision } from "./operators/precision.js";
export {
  inferPrepareAttention,
  type ResolvedPrepareAttention,
} from "./operators/prepare-attention.js";
export { inferReshape } from "./operators/reshape.js";
export { inferRmsNorm } from "./operators/rms-norm.js";
export { inferSlice } from "./operators/slice.js";
export { inferUpsampleNearest2d } from "./operators/upsample-nearest-2d.js";
export { createReferenceBackend } from "./reference/create.js";
export { OperatorTimings, timingKey } from "./scope/operator-timings.js";
export { ScopeState } from "./scope/scope-state.js";
