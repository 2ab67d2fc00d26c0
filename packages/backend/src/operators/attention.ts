import type { Shape } from "@paroattn/tensor";
import type { AttentionOptions } from "../attention-types.js";
import { checkF32, checkSameDtype, checkShape, describeShape, invalid } from "./checks.js";

const operator = "attention";

/** Shapes of what `attention` returns; the output has the operands' dtype, the log-sum-exp is f32. */
export interface AttentionShapes {
  /** [batch, queryTokens, heads * headDim] */
  readonly output: Shape;
  /** [batch, heads, queryTokens] */
  readonly logSumExp: Shape;
}

/**
 * Shapes of `attention`. Throws `InvalidArgumentError`. A backend also calls `checkLiveKeys` where there are
 * a mask and key lengths.
 */
export function inferAttention(options: AttentionOptions): AttentionShapes {
  const { operands, mask, bias, rowScale, residual } = options;
  const { batch, heads, headDim, queryTokens, keyTokens, queryBlocks, keyBlocks } = operands;
  if (mask !== undefined) {
    if (mask.batch !== 1 && mask.batch !== batch) {
      throw invalid({ operator, argument: "mask.batch" }, `to be 1 or ${batch}`, `${mask.batch}`);
    }
    const expected = [heads, queryBlocks, keyBlocks];
    const found = [mask.heads, mask.queryBlocks, mask.keyBlocks];
    if (expected.some((size, axis) => size !== found[axis])) {
      throw invalid(
        { operator, argument: "mask" },
        `of [heads, queryBlocks, keyBlocks] ${describeShape(expected)} to match the operands`,
        describeShape(found),
      );
    }
  }
  const shapes = {
    output: [batch, queryTokens, heads * headDim],
    logSumExp: [batch, heads, queryTokens],
  };
  if (bias !== undefined) {
    checkF32({ operator, argument: "bias" }, bias);
    checkShape({ operator, argument: "bias" }, bias, { shape: [heads, queryTokens, keyTokens] });
  }
  if (rowScale !== undefined) {
    checkF32({ operator, argument: "rowScale" }, rowScale);
    checkShape({ operator, argument: "rowScale" }, rowScale, { shape: shapes.logSumExp });
  }
  if (residual !== undefined) {
    const where = { operator, argument: "residual" };
    checkSameDtype(where, residual, { dtype: operands.dtype, because: "to match the operands" });
    checkShape(where, residual, { shape: shapes.output });
  }
  return shapes;
}
