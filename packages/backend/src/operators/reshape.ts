import { elementCount, type Shape } from "@paroattn/tensor";
import type { ReshapeOptions } from "../operator-options.js";
import { describeShape, invalid } from "./checks.js";

const operator = "reshape";

/** Shape of `reshape`, with -1 resolved; any dtype. Throws `InvalidArgumentError`. */
export function inferReshape(options: ReshapeOptions): Shape {
  const { input, shape } = options;
  const where = { operator, argument: "shape" };
  const open = shape.filter((size) => size === -1).length;
  if (open > 1 || shape.some((size) => size !== -1 && (!Number.isSafeInteger(size) || size < 0))) {
    throw invalid(where, "to hold whole sizes and at most one -1", describeShape(shape));
  }
  const elements = elementCount(input.shape);
  const known = elementCount(shape.filter((size) => size !== -1));
  const fits = open === 1 ? known > 0 && elements % known === 0 : known === elements;
  if (!fits) {
    throw invalid(
      where,
      `to hold the ${elements} elements of input ${describeShape(input.shape)}`,
      describeShape(shape),
    );
  }
  return shape.map((size) => (size === -1 ? elements / known : size));
}
