import type { AttentionLine } from "./attention.js";
import type { CaptionLine, CaptionSummary } from "./captions.js";
import type { LoopLine } from "./loop.js";
import type { IndicesLine, RowsLine } from "./orders.js";

/** "8 heads x 4096 tokens x 64 | paroattn dense | ..." as one row for people. */
export function attentionRow(line: AttentionLine): string {
  const times = `${line.ms.toFixed(1)} ms (median ${line.medianMs.toFixed(1)})`;
  return `  ${line.implementation.padEnd(36)}${times.padEnd(28)}${line.gflops.toFixed(0).padStart(4)} GFLOP/s ${line.ratio.toFixed(2)}x`;
}

/** A prompt with what is wrong in its picture, or the sum over all. */
export function captionRow(line: CaptionLine | CaptionSummary): string {
  if ("prompt" in line) {
    const wrong = Object.entries(line.parts).flatMap(([part, right]) => (right ? [] : [part]));
    return `${line.right ? "right" : "wrong"}  ${line.prompt}${wrong.length > 0 ? ` (${wrong.join(", ")})` : ""}`;
  }
  const parts = Object.entries(line.parts).map(([part, share]) => `${part} ${share.toFixed(2)}`);
  return `${line.attention}, density ${line.density.toFixed(3)}: ${line.right} of ${line.pictures} right; ${parts.join(", ")}`;
}

/** One strategy's loop as two rows. */
export function loopRow(line: LoopLine): string {
  const seconds = (best: number, median: number) =>
    `${(best / 1000).toFixed(2)} s (median ${(median / 1000).toFixed(2)})`;
  return [
    `${line.strategy}, density ${line.density.toFixed(3)}, ${line.threads} threads, best of ${line.rounds}`,
    `  loop ${seconds(line.loopMs, line.loopMedianMs)}, attention ${seconds(line.attentionMs, line.attentionMedianMs)}, ${line.ratio.toFixed(2)}x`,
  ].join("\n");
}

/** The time of one order's indices, or rows moved in it beside a copy, as one row. */
export function ordersRow(line: IndicesLine | RowsLine): string {
  const { order, tokens } = line;
  if ("ms" in line) {
    return `${order}: indices of ${tokens} tokens in ${line.ms.toFixed(3)} ms (median ${line.medianMs.toFixed(3)})`;
  }
  const { median, best } = line;
  const speed = (key: "apply" | "restore" | "applyNew") =>
    `${median[key].toFixed(2)}x (${best[key].toFixed(2)})`;
  const what = `${line.type} x ${line.channels}`.padEnd(20);
  return `${what}${order}: copy ${median.copyMs.toFixed(3)} ms; apply ${speed("apply")}, restore ${speed("restore")}, apply to a new array ${speed("applyNew")} of copy speed, median (best)`;
}
