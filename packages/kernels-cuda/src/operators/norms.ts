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
import { notOnCuda } from "./missing.js";

export function layerNorm(issuer: Issuer, options: LayerNormOptions): DeviceTensor {
  const { input, weight, bias, scale, shift, epsilon } = options;
  const shape = inferLayerNorm(options);
  const claim = issuer.arguments("layerNorm");
  const channels = shape.at(-1)!;
  // With scale and shift the input is [batch, tokens, channels]; without, all rows are alike.
  const batch = scale === undefined ? 1 : shape[0]!;
  const rows = elementCount(shape.slice(0, -1));
  const output = issuer.native.layerNorm(issuer.view, {
    input: claim.tensor("input", input),
    weight: claim.optional("weight", weight),
    bias: claim.optional("bias", bias),
    scale: claim.optional("scale", scale),
    shift: claim.optional("shift", shift),
    batch,
    tokens: batch === 0 ? 0 : rows / batch,
    channels,
    epsilon,
  });
  return issuer.tensor(shape, input.dtype, output);
}

export function rmsNorm(issuer: Issuer, options: RmsNormOptions): DeviceTensor {
  const { input, weight, epsilon } = options;
  const shape = inferRmsNorm(options);
  const claim = issuer.arguments("rmsNorm");
  const output = issuer.native.rmsNorm(issuer.view, {
    input: claim.tensor("input", input),
    weight: claim.optional("weight", weight),
    rows: elementCount(shape.slice(0, -1)),
    channels: shape.at(-1)!,
    epsilon,
  });
  return issuer.tensor(shape, input.dtype, output);
}

export function groupNorm(issuer: Issuer, options: GroupNormOptions): DeviceTensor {
  inferGroupNorm(options);
  return notOnCuda(issuer, "groupNorm");
}
