import type { Shape } from "@paroattn/tensor";
import type { FeedForwardLayer, FeedForwardOptions } from "../operator-options.js";
import { checkActivation } from "./activate.js";
import {
  checkF32,
  checkFloatDtype,
  checkInteger,
  checkRank,
  checkShape,
  describeShape,
  invalid,
} from "./checks.js";

const operator = "feedForward";

/** Shape of `feedForward`: [batch, tokens, outputs]. Throws `InvalidArgumentError`. */
export function inferFeedForward(options: FeedForwardOptions): Shape {
  const { input, inner, activation, outer, gate, residual } = options;
  checkF32({ operator, argument: "input" }, input);
  const axes = "[batch, tokens, inputs]";
  checkRank({ operator, argument: "input" }, input, { least: 3, most: 3, axes });
  const [batch, tokens, inputs] = input.shape as [number, number, number];
  const hidden = checkLayer("inner", inner, { batch, inputs });
  const outputs = checkLayer("outer", outer, { batch, inputs: hidden });
  if (inner.weight.shape.length !== outer.weight.shape.length) {
    throw invalid(
      { operator, argument: "outer.weight" },
      `of as many axes as inner.weight ${describeShape(inner.weight.shape)}`,
      describeShape(outer.weight.shape),
    );
  }
  if (typeof activation === "string") {
    checkActivation({ operator, argument: "activation" }, activation);
  } else {
    const { softmaxGroups } = activation;
    const where = { operator, argument: "activation.softmaxGroups" };
    checkInteger(where, softmaxGroups, 1);
    if (hidden % softmaxGroups !== 0) {
      throw invalid(where, `to be a divisor of ${hidden} hidden channels`, String(softmaxGroups));
    }
  }
  if (gate !== undefined) {
    checkF32({ operator, argument: "gate" }, gate);
    checkShape({ operator, argument: "gate" }, gate, { shape: [batch, outputs] });
  }
  const shape = [batch, tokens, outputs];
  if (residual !== undefined) {
    checkF32({ operator, argument: "residual" }, residual);
    checkShape({ operator, argument: "residual" }, residual, { shape, because: "as the result" });
  }
  return shape;
}

/** The layer's outputs. */
function checkLayer(
  name: "inner" | "outer",
  { weight, bias }: FeedForwardLayer,
  expected: { readonly batch: number; readonly inputs: number },
): number {
  const where = { operator, argument: `${name}.weight` };
  checkFloatDtype(where, weight);
  const axes = "[outputs, inputs] or [batch, outputs, inputs]";
  checkRank(where, weight, { least: 2, most: 3, axes });
  const outputs = weight.shape.at(-2)!;
  const of = weight.shape.length === 3 ? [expected.batch] : [];
  checkShape(where, weight, { shape: [...of, outputs, expected.inputs] });
  if (bias !== undefined) {
    checkFloatDtype({ operator, argument: `${name}.bias` }, bias);
    checkShape({ operator, argument: `${name}.bias` }, bias, {
      shape: [...of, outputs],
      because: "to match the weight",
    });
  }
  return outputs;
}
