import type { Shape } from "@paroattn/tensor";
import type { GroupNormOptions } from "../operator-options.js";
import { checkActivation } from "./activate.js";
import {
  checkChannelWeight,
  checkEpsilon,
  checkFloatDtype,
  checkInteger,
  checkRank,
  invalid,
} from "./checks.js";

const operator = "groupNorm";

/** Shape of `groupNorm`: the input's. Throws `InvalidArgumentError`. */
export function inferGroupNorm(options: GroupNormOptions): Shape {
  const { input, groups, weight, bias, epsilon, activation } = options;
  checkFloatDtype({ operator, argument: "input" }, input);
  checkRank({ operator, argument: "input" }, input, { least: 2, axes: "[batch, channels, ...]" });
  const channels = input.shape[1]!;
  checkInteger({ operator, argument: "groups" }, groups, 1);
  if (channels % groups !== 0) {
    throw invalid(
      { operator, argument: "groups" },
      `to be a divisor of ${channels} channels`,
      String(groups),
    );
  }
  checkChannelWeight({ operator, argument: "weight" }, weight, channels);
  checkChannelWeight({ operator, argument: "bias" }, bias, channels);
  checkEpsilon({ operator, argument: "epsilon" }, epsilon);
  if (activation !== undefined) {
    checkActivation({ operator, argument: "activation" }, activation);
  }
  return input.shape;
}
