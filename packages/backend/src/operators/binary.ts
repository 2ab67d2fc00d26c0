import type { Shape } from "@paroattn/tensor";
import type { BinaryOptions } from "../operator-options.js";
import { checkFloatDtype, checkSameDtype, describeShape, invalid } from "./checks.js";

/** Shape of `add` and `multiply`: NumPy's broadcast of a and b. Throws `InvalidArgumentError`. */
export function inferBinary(operator: "add" | "multiply", options: BinaryOptions): Shape {
  const { a, b } = options;
  checkFloatDtype({ operator, argument: "a" }, a);
  checkSameDtype({ operator, argument: "b" }, b, { dtype: a.dtype, because: "to match a" });
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, axis) => {
    const sizeOfA = a.shape[axis - rank + a.shape.length] ?? 1;
    const sizeOfB = b.shape[axis - rank + b.shape.length] ?? 1;
    if (sizeOfA !== sizeOfB && sizeOfA !== 1 && sizeOfB !== 1) {
      throw invalid(
        { operator, argument: "b" },
        `to broadcast with a ${describeShape(a.shape)}`,
        describeShape(b.shape),
      );
    }
    return sizeOfA === 1 ? sizeOfB : sizeOfA;
  });
}
