import type { Shape } from "@paroattn/tensor";
import type { SliceOptions } from "../operator-options.js";
import { checkAxis, checkFloatDtype, describeShape, invalid } from "./checks.js";

const operator = "slice";

/** Shape of `slice`: the input's with end - start along `axis`. Throws `InvalidArgumentError`. */
export function inferSlice(options: SliceOptions): Shape {
  const { input, axis, start, end } = options;
  checkFloatDtype({ operator, argument: "input" }, input);
  checkAxis({ operator, argument: "axis" }, axis, input.shape.length);
  const size = input.shape[axis]!;
  const whole = Number.isInteger(start) && Number.isInteger(end);
  if (!whole || start < 0 || start >= end || end > size) {
    throw invalid(
      { operator, argument: "start and end" },
      `to satisfy 0 <= start < end <= ${size} along axis ${axis} of ${describeShape(input.shape)}`,
      `${start} and ${end}`,
    );
  }
  return input.shape.map((length, other) => (other === axis ? end - start : length));
}
