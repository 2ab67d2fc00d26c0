import type { Shape } from "@paroattn/tensor";
import type { LinearOptions } from "../operator-options.js";
import { checkActivation } from "./activate.js";
import {
  checkChannelWeight,
  checkF32,
  checkFloatDtype,
  checkRank,
  checkShape,
  describeShape,
  invalid,
} from "./checks.js";

const operator = "linear";

/** Shape of `linear`: [..., outputs]. Throws `InvalidArgumentError`. */
export function inferLinear(options: LinearOptions): Shape {
  const { input, weight, bias, activation, gate, residual } = options;
  checkF32({ operator, argument: "input" }, input);
  checkFloatDtype({ operator, argument: "weight" }, weight);
  checkRank({ operator, argument: "weight" }, weight, {
    least: 2,
    most: 2,
    axes: "[outputs, inputs]",
  });
  const [outputs, inputs] = weight.shape as [number, number];
  if (input.shape.at(-1) !== inputs) {
    throw invalid(
      { operator, argument: "input" },
      `of shape [..., ${inputs}] to match weight ${describeShape(weight.shape)}`,
      describeShape(input.shape),
    );
  }
  checkChannelWeight({ operator, argument: "bias" }, bias, outputs);
  if (activation !== undefined) {
    checkActivation({ operator, argument: "activation" }, activation);
  }
  const shape = [...input.shape.slice(0, -1), outputs];
  if (gate !== undefined) {
    checkF32({ operator, argument: "gate" }, gate);
    checkRank({ operator, argument: "input" }, input, {
      least: 3,
      most: 3,
      axes: "[batch, tokens, inputs] with a gate",
    });
    checkShape({ operator, argument: "gate" }, gate, {
      shape: [shape[0]!, outputs],
      because: "for input's batch and weight's outputs",
    });
  }
  if (residual !== undefined) {
    checkF32({ operator, argument: "residual" }, residual);
    checkShape({ operator, argument: "residual" }, residual, { shape, because: "as the result" });
  }
  return shape;
}
