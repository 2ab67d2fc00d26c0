import type { Shape } from "@paroattn/tensor";
import type { PermuteOptions } from "../operator-options.js";
import { checkFloatDtype, describeShape, invalid } from "./checks.js";

const operator = "permute";

/** Shape of `permute`: output axis i has the size of input axis axes[i]. Throws `InvalidArgumentError`. */
export function inferPermute(options: PermuteOptions): Shape {
  const { input, axes } = options;
  checkFloatDtype({ operator, argument: "input" }, input);
  const rank = input.shape.length;
  const everyAxisOnce = axes.length === rank && input.shape.every((_, axis) => axes.includes(axis));
  if (!everyAxisOnce) {
    throw invalid(
      { operator, argument: "axes" },
      `to name each axis of input ${describeShape(input.shape)} once`,
      describeShape(axes),
    );
  }
  return axes.map((axis) => input.shape[axis]!);
}
