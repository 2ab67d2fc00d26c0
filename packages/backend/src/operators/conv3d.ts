import type { Shape } from "@paroattn/tensor";
import type { Conv3dOptions } from "../operator-options.js";
import {
  checkChannelWeight,
  checkF32,
  checkFloatDtype,
  checkInteger,
  checkRank,
  describeShape,
  invalid,
} from "./checks.js";

const operator = "conv3d";

/**
 * Shape of `conv3d`: [batch, outputs, outFrames, outHeight, outWidth] with
 * outFrames = first + frames + last - kernelFrames + 1, and so on. Throws `InvalidArgumentError`.
 */
export function inferConv3d(options: Conv3dOptions): Shape {
  const { input, weight, bias, padding = [0, 0, 0, 0, 0, 0] } = options;
  checkF32({ operator, argument: "input" }, input);
  checkFloatDtype({ operator, argument: "weight" }, weight);
  checkRank({ operator, argument: "weight" }, weight, {
    least: 5,
    most: 5,
    axes: "[outputs, inputs, kernelFrames, kernelHeight, kernelWidth]",
  });
  const [outputs, inputs, ...kernel] = weight.shape as [number, number, ...number[]];
  if (input.shape.length !== 5 || input.shape[1] !== inputs) {
    throw invalid(
      { operator, argument: "input" },
      `of shape [batch, ${inputs}, frames, height, width] to match weight ${describeShape(weight.shape)}`,
      describeShape(input.shape),
    );
  }
  checkChannelWeight({ operator, argument: "bias" }, bias, outputs);
  if (padding.length !== 6) {
    throw invalid(
      { operator, argument: "padding" },
      "to be [first, last, top, bottom, left, right]",
      describeShape(padding),
    );
  }
  for (const size of padding) checkInteger({ operator, argument: "padding" }, size, 0);
  const [batch, , ...sizes] = input.shape as [number, number, ...number[]];
  const padded = sizes.map((size, axis) => padding[2 * axis]! + size + padding[2 * axis + 1]!);
  if (padded.some((size, axis) => size < kernel[axis]!)) {
    throw invalid(
      { operator, argument: "input" },
      `to be at least ${describeShape(kernel)} in frames, height and width with its padding`,
      describeShape(padded),
    );
  }
  return [batch, outputs, ...padded.map((size, axis) => size - kernel[axis]! + 1)];
}
