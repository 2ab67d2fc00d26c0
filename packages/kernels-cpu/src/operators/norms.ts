import {
  type DeviceTensor,
  type GroupNormOptions,
  inferGroupNorm,
  inferLayerNorm,
  inferRmsNorm,
  type LayerNormOptions,
  type RmsNormOptions,
} from "@paroattn/backend";
import { elementCount } from "@paroattn/tensor";
import type { Issuer } from "../issuer.js";

export function layerNorm(issuer: Issuer, options: LayerNormOptions): DeviceTensor {
  const { input, weight, bias, scale, shift, epsilon } = options;
  const shape = inferLayerNorm(options);
  const claim = issuer.arguments("layerNorm");
  const channels = shape.at(-1)!;
  // With scale and shift the input is [batch, tokens, channels]; without, all rows are alike.
  const batch = scale === undefined ? 1 : shape[0]!;
  const rows = elementCount(shape.slice(0, -1));
  const output = issuer.native.layerNorm(issuer.view, {
    input: claim.activation("input", input),
    weight: claim.optionalWeight("weight", weight),
    bias: claim.optionalWeight("bias", bias),
    scale: claim.optional("scale", scale),
    shift: claim.optional("shift", shift),
    batch,
    tokens: batch === 0 ? 0 : rows / batch,
    channels,
    epsilon,
  });
  return issuer.tensor(shape, output);
}

export function rmsNorm(issuer: Issuer, options: RmsNormOptions): DeviceTensor {
  const { input, weight, epsilon } = options;
  const shape = inferRmsNorm(options);
  const claim = issuer.arguments("rmsNorm");
  const output = issuer.native.rmsNorm(issuer.view, {
    input: claim.activation("input", input),
    weight: claim.optionalWeight("weight", weight),
    rows: elementCount(shape.slice(0, -1)),
    channels: shape.at(-1)!,
    epsilon,
  });
  return issuer.tensor(shape, output);
}

export function groupNorm(issuer: Issuer, options: GroupNormOptions): DeviceTensor {
  const { input, groups, weight, bias, epsilon, activation } = options;
  const shape = inferGroupNorm(options);
  const claim = issuer.arguments("groupNorm");
  const [batch, channels, ...positions] = shape as [number, number, ...number[]];
  const output = issuer.native.groupNorm(issuer.view, {
    input: claim.activation("input", input),
    weight: claim.optionalWeight("weight", weight),
    bias: claim.optionalWeight("bias", bias),
    batch,
    channels,
    groups,
    positions: elementCount(positions),
    epsilon,
    activation,
  });
  return issuer.tensor(shape, output);
}
