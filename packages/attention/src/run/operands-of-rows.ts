import type { AttentionOperands } from "@paroattn/backend";
import type { AttentionFront } from "../strategy.js";
import { StrategyError } from "../strategy-error.js";

/** Some batch rows' operands. Throws a `StrategyError` where the runtime's front gives others. */
export function operandsOfRows(
  front: AttentionFront,
  options: NonNullable<Parameters<AttentionFront["operands"]>[0]> & {
    readonly rows: readonly number[];
  },
): AttentionOperands {
  const operands = front.operands(options);
  if (operands.batch === options.rows.length) return operands;
  throw new StrategyError({
    expected: `a front that takes the batch rows it is asked for, ${options.rows.join(", ")},`,
    found: `${operands.batch} rows`,
  });
}
