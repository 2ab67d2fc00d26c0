import {
  type Conv2dOptions,
  type DeviceTensor,
  inferConv2d,
  inferLinear,
  type LinearOptions,
} from "@paroattn/backend";
import { elementCount } from "@paroattn/tensor";
import type { Issuer } from "../issuer.js";

export function linear(issuer: Issuer, options: LinearOptions): DeviceTensor {
  const { input, weight, bias, activation } = options;
  const shape = inferLinear(options);
  const claim = issuer.arguments("linear");
  const [outputs, inputs] = weight.shape as [number, number];
  const output = issuer.native.linear(issuer.view, {
    input: claim.handle("input", input),
    weight: claim.weight("weight", weight),
    bias: claim.optionalWeight("bias", bias),
    activation,
    rows: elementCount(shape.slice(0, -1)),
    inputs,
    outputs,
  });
  return issuer.tensor(shape, output);
}

export function conv2d(issuer: Issuer, options: Conv2dOptions): DeviceTensor {
  const { input, weight, bias, stride = 1, padding = [0, 0, 0, 0] } = options;
  const shape = inferConv2d(options);
  const claim = issuer.arguments("conv2d");
  const [outputs, inputs, kernelHeight, kernelWidth] = weight.shape as FourSizes;
  const [batch, , height, width] = input.shape as FourSizes;
  const [, , outputHeight, outputWidth] = shape as FourSizes;
  const output = issuer.native.conv2d(issuer.view, {
    input: claim.handle("input", input),
    weight: claim.weight("weight", weight),
    bias: claim.optionalWeight("bias", bias),
    batch,
    inputs,
    height,
    width,
    outputs,
    kernelHeight,
    kernelWidth,
    outputHeight,
    outputWidth,
    stride,
    padding,
  });
  return issuer.tensor(shape, output);
}

type FourSizes = readonly [number, number, number, number];
