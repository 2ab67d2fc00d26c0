import type { Shape } from "@paroattn/tensor";
import type { BlockStatisticsOptions } from "../attention-types.js";
import { checkEpsilon, checkF32, checkShape } from "./checks.js";

const operator = "blockStatistics";

/** Shape of each of the three results of `blockStatistics`: [batch, heads, queryBlocks, keyBlocks]. Throws `InvalidArgumentError`. */
export function inferBlockStatistics(options: BlockStatisticsOptions): Shape {
  const { operands, logSumExp, epsilon } = options;
  const { batch, heads, queryTokens, queryBlocks, keyBlocks } = operands;
  checkF32({ operator, argument: "logSumExp" }, logSumExp);
  checkShape({ operator, argument: "logSumExp" }, logSumExp, {
    shape: [batch, heads, queryTokens],
  });
  checkEpsilon({ operator, argument: "epsilon" }, epsilon);
  return [batch, heads, queryBlocks, keyBlocks];
}
