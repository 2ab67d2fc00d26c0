import type { Shape } from "@paroattn/tensor";
import type { Conv2dOptions } from "../operator-options.js";
import {
  checkChannelWeight,
  checkF32,
  checkFloatDtype,
  checkInteger,
  checkRank,
  describeShape,
  invalid,
} from "./checks.js";

const operator = "conv2d";

/**
 * Shape of `conv2d`: [batch, outputs, outHeight, outWidth] with
 * outHeight = floor((top + height + bottom - kernelHeight) / stride) + 1. Throws `InvalidArgumentError`.
 */
export function inferConv2d(options: Conv2dOptions): Shape {
  const { input, weight, bias, stride = 1, padding = [0, 0, 0, 0] } = options;
  checkF32({ operator, argument: "input" }, input);
  checkFloatDtype({ operator, argument: "weight" }, weight);
  checkRank({ operator, argument: "weight" }, weight, {
    least: 4,
    most: 4,
    axes: "[outputs, inputs, kernelHeight, kernelWidth]",
  });
  const [outputs, inputs, kernelHeight, kernelWidth] = weight.shape as [
    number,
    number,
    number,
    number,
  ];
  if (input.shape.length !== 4 || input.shape[1] !== inputs) {
    throw invalid(
      { operator, argument: "input" },
      `of shape [batch, ${inputs}, height, width] to match weight ${describeShape(weight.shape)}`,
      describeShape(input.shape),
    );
  }
  checkChannelWeight({ operator, argument: "bias" }, bias, outputs);
  checkInteger({ operator, argument: "stride" }, stride, 1);
  if (padding.length !== 4) {
    throw invalid(
      { operator, argument: "padding" },
      "to be [top, bottom, left, right]",
      describeShape(padding),
    );
  }
  for (const size of padding) checkInteger({ operator, argument: "padding" }, size, 0);
  const [batch, , height, width] = input.shape as [number, number, number, number];
  const [top, bottom, left, right] = padding;
  const paddedHeight = top + height + bottom;
  const paddedWidth = left + width + right;
  if (paddedHeight < kernelHeight || paddedWidth < kernelWidth) {
    throw invalid(
      { operator, argument: "input" },
      `to be at least [${kernelHeight}, ${kernelWidth}] in height and width with its padding`,
      describeShape([paddedHeight, paddedWidth]),
    );
  }
  return [
    batch,
    outputs,
    Math.floor((paddedHeight - kernelHeight) / stride) + 1,
    Math.floor((paddedWidth - kernelWidth) / stride) + 1,
  ];
}
