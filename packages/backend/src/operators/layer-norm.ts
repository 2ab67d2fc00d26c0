import type { Shape } from "@paroattn/tensor";
import type { LayerNormOptions } from "../operator-options.js";
import {
  checkChannelWeight,
  checkEpsilon,
  checkFloatDtype,
  checkRank,
  checkSameDtype,
  checkShape,
  invalid,
} from "./checks.js";

const operator = "layerNorm";

/** Shape of `layerNorm`: the input's. Throws `InvalidArgumentError`. */
export function inferLayerNorm(options: LayerNormOptions): Shape {
  const { input, weight, bias, scale, shift, epsilon } = options;
  checkFloatDtype({ operator, argument: "input" }, input);
  checkRank({ operator, argument: "input" }, input, { least: 1, axes: "[..., channels]" });
  const channels = input.shape.at(-1)!;
  checkChannelWeight({ operator, argument: "weight" }, weight, channels);
  checkChannelWeight({ operator, argument: "bias" }, bias, channels);
  checkEpsilon({ operator, argument: "epsilon" }, epsilon);
  if ((scale === undefined) !== (shift === undefined)) {
    const [given, missing] = scale === undefined ? ["shift", "scale"] : ["scale", "shift"];
    throw invalid({ operator, argument: missing! }, `together with ${given}`, "none");
  }
  if (scale !== undefined && shift !== undefined) {
    checkRank({ operator, argument: "input" }, input, {
      least: 3,
      most: 3,
      axes: "[batch, tokens, channels] with scale and shift",
    });
    for (const [argument, tensor] of [
      ["scale", scale],
      ["shift", shift],
    ] as const) {
      checkSameDtype({ operator, argument }, tensor, {
        dtype: input.dtype,
        because: "to match input",
      });
      checkShape({ operator, argument }, tensor, { shape: [input.shape[0]!, channels] });
    }
  }
  return input.shape;
}
