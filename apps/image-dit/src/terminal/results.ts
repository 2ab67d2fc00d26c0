import type { CalibrateResult } from "../commands/calibrate.js";
import type { GenerateResult } from "../commands/generate.js";

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

export function formatGenerateResult(result: GenerateResult): string {
  const { files, strategy, density, steps, seed } = result;
  return [
    ...files,
    `${strategy}, density ${density.toFixed(3)}, ${steps} steps, seed ${seed}`,
    `attention ${seconds(result.attentionMs)}, loop ${seconds(result.loopMs)}, total ${seconds(result.totalMs)}`,
  ].join("\n");
}

export function formatCalibrateResult(result: CalibrateResult): string {
  const orders = Object.entries(result.orders).map(([order, heads]) => `${order} ${heads}`);
  return [
    result.file,
    `density ${result.densityMet.toFixed(4)} (asked ${result.density}), heads by order: ${orders.join(", ")}`,
    `${result.prompts} prompts, ${seconds(result.totalMs)}`,
  ].join("\n");
}
