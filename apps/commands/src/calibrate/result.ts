import { formatSeconds } from "../terminal/format.js";

/** What `--json` prints. */
export interface CalibrateResult {
  readonly file: string;
  readonly density: number;
  readonly densityMet: number;
  /** How many heads chose each order. */
  readonly orders: Readonly<Record<string, number>>;
  readonly prompts: number;
  readonly totalMs: number;
}

/** A few lines for people. */
export function formatCalibrateResult(result: CalibrateResult): string {
  const orders = Object.entries(result.orders).map(([order, heads]) => `${order} ${heads}`);
  return [
    result.file,
    `density ${result.densityMet.toFixed(4)} (asked ${result.density}), heads by order: ${orders.join(", ")}`,
    `${result.prompts} prompts, ${formatSeconds(result.totalMs)}`,
  ].join("\n");
}
