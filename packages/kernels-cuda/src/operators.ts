import type {
  ActivateOptions,
  AddGatedOptions,
  AttentionOperands,
  AttentionOptions,
  AttentionResult,
  BinaryOptions,
  BlockStatistics,
  BlockStatisticsOptions,
  CombineOptions,
  ConcatOptions,
  Conv2dOptions,
  Conv3dOptions,
  DeviceMask,
  DeviceTensor,
  EmbeddingOptions,
  FeedForwardOptions,
  GroupNormOptions,
  LayerNormOptions,
  LinearOptions,
  PermuteOptions,
  PrepareAttentionOptions,
  ReshapeOptions,
  RmsNormOptions,
  SliceOptions,
  UpsampleNearest2dOptions,
} from "@paroattn/backend";
import type { BlockMaskData } from "@paroattn/sparse-masks";
import * as attention from "./attention/operators.js";
import { prepareAttention } from "./attention/prepare.js";
import type { Issuer } from "./issuer.js";
import * as elementwise from "./operators/elementwise.js";
import * as matrix from "./operators/matrix.js";
import * as movement from "./operators/movement.js";
import * as norms from "./operators/norms.js";

/** The operators of a view, each a function over its issuer. */
export class CudaOperators {
  protected readonly issuer: Issuer;

  constructor(issuer: Issuer) {
    this.issuer = issuer;
  }

  linear(options: LinearOptions): DeviceTensor {
    return matrix.linear(this.issuer, options);
  }

  feedForward(options: FeedForwardOptions): DeviceTensor {
    return matrix.feedForward(this.issuer, options);
  }

  conv2d(options: Conv2dOptions): DeviceTensor {
    return matrix.conv2d(this.issuer, options);
  }

  conv3d(options: Conv3dOptions): DeviceTensor {
    return matrix.conv3d(this.issuer, options);
  }

  layerNorm(options: LayerNormOptions): DeviceTensor {
    return norms.layerNorm(this.issuer, options);
  }

  rmsNorm(options: RmsNormOptions): DeviceTensor {
    return norms.rmsNorm(this.issuer, options);
  }

  groupNorm(options: GroupNormOptions): DeviceTensor {
    return norms.groupNorm(this.issuer, options);
  }

  activate(options: ActivateOptions): DeviceTensor {
    return elementwise.activate(this.issuer, options);
  }

  add(options: BinaryOptions): DeviceTensor {
    return elementwise.add(this.issuer, options);
  }

  multiply(options: BinaryOptions): DeviceTensor {
    return elementwise.multiply(this.issuer, options);
  }

  addGated(options: AddGatedOptions): DeviceTensor {
    return elementwise.addGated(this.issuer, options);
  }

  combine(options: CombineOptions): DeviceTensor {
    return elementwise.combine(this.issuer, options);
  }

  embedding(options: EmbeddingOptions): DeviceTensor {
    return movement.embedding(this.issuer, options);
  }

  permute(options: PermuteOptions): DeviceTensor {
    return movement.permute(this.issuer, options);
  }

  reshape(options: ReshapeOptions): DeviceTensor {
    return movement.reshape(this.issuer, options);
  }

  concat(options: ConcatOptions): DeviceTensor {
    return movement.concat(this.issuer, options);
  }

  slice(options: SliceOptions): DeviceTensor {
    return movement.slice(this.issuer, options);
  }

  upsampleNearest2d(options: UpsampleNearest2dOptions): DeviceTensor {
    return movement.upsampleNearest2d(this.issuer, options);
  }

  prepareAttention(options: PrepareAttentionOptions): AttentionOperands {
    return prepareAttention(this.issuer, options);
  }

  attention(options: AttentionOptions): AttentionResult {
    return attention.attention(this.issuer, options);
  }

  prepareMask(mask: BlockMaskData | readonly BlockMaskData[]): DeviceMask {
    return attention.prepareMask(this.issuer, mask);
  }

  blockStatistics(options: BlockStatisticsOptions): BlockStatistics {
    return attention.blockStatistics(this.issuer, options);
  }
}
