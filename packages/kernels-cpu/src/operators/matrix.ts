import {
  type Conv2dOptions,
  type Conv3dOptions,
  type DeviceTensor,
  type FeedForwardOptions,
  inferConv2d,
  inferConv3d,
  inferFeedForward,
  inferLinear,
  type LinearOptions,
} from "@paroattn/backend";
import { elementCount, type Shape } from "@paroattn/tensor";
import type { Issuer } from "../issuer.js";

export function linear(issuer: Issuer, options: LinearOptions): DeviceTensor {
  const { input, weight, bias, activation, gate, residual } = options;
  const shape = inferLinear(options);
  const claim = issuer.arguments("linear");
  const [outputs, inputs] = weight.shape as [number, number];
  const output = issuer.native.linear(issuer.view, {
    input: claim.handle("input", input),
    weight: claim.weight("weight", weight),
    bias: claim.optionalWeight("bias", bias),
    activation,
    gate: claim.optional("gate", gate),
    gates: gate?.shape[0] ?? 1,
    residual: claim.optional("residual", residual),
    rows: elementCount(shape.slice(0, -1)),
    inputs,
    outputs,
  });
  return issuer.tensor(shape, output);
}

export function feedForward(issuer: Issuer, options: FeedForwardOptions): DeviceTensor {
  const { input, inner, activation, outer, gate, residual } = options;
  const shape = inferFeedForward(options);
  const claim = issuer.arguments("feedForward");
  const [batch, tokens, outputs] = shape as readonly [number, number, number];
  const [hidden, inputs] = inner.weight.shape.slice(-2) as [number, number];
  const softmaxGroups = typeof activation === "string" ? 0 : activation.softmaxGroups;
  const output = issuer.native.feedForward(issuer.view, {
    input: claim.handle("input", input),
    innerWeight: claim.weight("inner.weight", inner.weight),
    innerBias: claim.optionalWeight("inner.bias", inner.bias),
    outerWeight: claim.weight("outer.weight", outer.weight),
    outerBias: claim.optionalWeight("outer.bias", outer.bias),
    weightsOfRows: inner.weight.shape.length === 3,
    activation: typeof activation === "string" ? activation : undefined,
    softmaxGroups,
    gate: claim.optional("gate", gate),
    residual: claim.optional("residual", residual),
    batch,
    tokens,
    inputs,
    hidden,
    outputs,
  });
  return issuer.tensor(shape, output);
}

export function conv2d(issuer: Issuer, options: Conv2dOptions): DeviceTensor {
  const { stride = 1, padding = [0, 0, 0, 0] } = options;
  return convolution(issuer, "conv2d", {
    ...options,
    shape: inferConv2d(options),
    stride,
    padding,
  });
}

export function conv3d(issuer: Issuer, options: Conv3dOptions): DeviceTensor {
  const { padding = [0, 0, 0, 0, 0, 0] } = options;
  return convolution(issuer, "conv3d", {
    ...options,
    shape: inferConv3d(options),
    stride: 1,
    padding,
  });
}

function convolution(
  issuer: Issuer,
  operator: "conv2d" | "conv3d",
  options: Pick<Conv3dOptions, "input" | "weight" | "bias"> & {
    /** The result's. */
    readonly shape: Shape;
    readonly stride: number;
    readonly padding: readonly number[];
  },
): DeviceTensor {
  const { input, weight, bias, shape, stride, padding } = options;
  const claim = issuer.arguments(operator);
  const [outputs, inputs, ...kernel] = weight.shape as [number, number, ...number[]];
  const output = issuer.native[operator](issuer.view, {
    input: claim.handle("input", input),
    weight: claim.weight("weight", weight),
    bias: claim.optionalWeight("bias", bias),
    batch: shape[0]!,
    inputs,
    outputs,
    sizes: input.shape.slice(2),
    kernel,
    outputSizes: shape.slice(2),
    stride,
    padding,
  });
  return issuer.tensor(shape, output);
}
