import type { Shape } from "@paroattn/tensor";
import type { CombineOptions } from "../operator-options.js";
import { checkFloatDtype, checkSameDtype, checkShape, invalid } from "./checks.js";

const operator = "combine";

/** Shape of `combine`: that of every term. Throws `InvalidArgumentError`. */
export function inferCombine(options: CombineOptions): Shape {
  const { terms } = options;
  const first = terms[0];
  if (first === undefined) {
    throw invalid({ operator, argument: "terms" }, "to be at least one", "none");
  }
  for (const [index, { tensor, factor }] of terms.entries()) {
    const where = { operator, argument: `terms[${index}].tensor` };
    const because = "to match terms[0].tensor";
    checkFloatDtype(where, tensor);
    checkSameDtype(where, tensor, { dtype: first.tensor.dtype, because });
    checkShape(where, tensor, { shape: first.tensor.shape, because });
    if (!Number.isFinite(factor)) {
      throw invalid(
        { operator, argument: `terms[${index}].factor` },
        "to be a finite number",
        String(factor),
      );
    }
  }
  return first.tensor.shape;
}
