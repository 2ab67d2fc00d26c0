import type { Shape } from "@paroattn/tensor";
import type { RmsNormOptions } from "../operator-options.js";
import { checkChannelWeight, checkEpsilon, checkFloatDtype, checkRank } from "./checks.js";

const operator = "rmsNorm";

/** Shape of `rmsNorm`: the input's. Throws `InvalidArgumentError`. */
export function inferRmsNorm(options: RmsNormOptions): Shape {
  const { input, weight, epsilon } = options;
  checkFloatDtype({ operator, argument: "input" }, input);
  checkRank({ operator, argument: "input" }, input, { least: 1, axes: "[..., channels]" });
  checkChannelWeight({ operator, argument: "weight" }, weight, input.shape.at(-1)!);
  checkEpsilon({ operator, argument: "epsilon" }, epsilon);
  return input.shape;
}
