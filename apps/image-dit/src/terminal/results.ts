import type { CalibrateResult } from "../commands/calibrate.js";
import type { GenerateResult } from "../commands/generate.js";
import { formatSeconds } from "./format.js";

export function formatGenerateResult(result: GenerateResult): string {
  const { files, strategy, precision, density, steps, seed } = result;
  return [
    ...files,
    `${strategy}, ${precision}, density ${density.toFixed(3)}, ${steps} steps, seed ${seed}`,
    `attention ${formatSeconds(result.attentionMs)}, loop ${formatSeconds(result.loopMs)}, total ${formatSeconds(result.totalMs)}`,
  ].join("\n");
}

export function formatCalibrateResult(result: CalibrateResult): string {
  const orders = Object.entries(result.orders).map(([order, heads]) => `${order} ${heads}`);
  return [
    result.file,
    `density ${result.densityMet.toFixed(4)} (asked ${result.density}), heads by order: ${orders.join(", ")}`,
    `${result.prompts} prompts, ${formatSeconds(result.totalMs)}`,
  ].join("\n");
}
