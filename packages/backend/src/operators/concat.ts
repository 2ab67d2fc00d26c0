import type { Shape } from "@paroattn/tensor";
import type { ConcatOptions } from "../operator-options.js";
import { checkAxis, checkFloatDtype, checkSameDtype, describeShape, invalid } from "./checks.js";

const operator = "concat";

/** Shape of `concat`: the inputs' with their sizes along `axis` added. Throws `InvalidArgumentError`. */
export function inferConcat(options: ConcatOptions): Shape {
  const { inputs, axis } = options;
  const first = inputs[0];
  if (first === undefined) {
    throw invalid({ operator, argument: "inputs" }, "to be at least one", "none");
  }
  checkAxis({ operator, argument: "axis" }, axis, first.shape.length);
  for (const [index, input] of inputs.entries()) {
    const where = { operator, argument: `inputs[${index}]` };
    checkFloatDtype(where, input);
    checkSameDtype(where, input, { dtype: first.dtype, because: "to match inputs[0]" });
    const fits =
      input.shape.length === first.shape.length &&
      input.shape.every((size, other) => other === axis || size === first.shape[other]);
    if (!fits) {
      const expected = first.shape.map((size, other) => (other === axis ? "any" : size));
      throw invalid(
        where,
        `of shape ${describeShape(expected)} to match inputs[0]`,
        describeShape(input.shape),
      );
    }
  }
  const length = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
  return first.shape.map((size, other) => (other === axis ? length : size));
}
