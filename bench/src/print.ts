import type { AttentionLine } from "./attention.js";
import type { CaptionLine, CaptionSummary } from "./captions.js";
import type { LoopLine } from "./loop.js";
import type { IndicesLine, RowsLine } from "./orders.js";
import type { OrderHistogram, ReorderLine, Spread } from "./reorder.js";

/** "8 heads x 4096 tokens x 64 | paroattn dense | ..." as one row for people. */
export function attentionRow(line: AttentionLine): string {
  const times = `${line.ms.toFixed(1)} ms (median ${line.medianMs.toFixed(1)})`;
  return `  ${line.implementation.padEnd(36)}${times.padEnd(28)}${line.gflops.toFixed(0).padStart(4)} GFLOP/s ${line.ratio.toFixed(2)}x`;
}

function range({ mean, minimum, maximum }: Spread, digits: number): string {
  return `${mean.toFixed(digits)} (${minimum.toFixed(digits)} ... ${maximum.toFixed(digits)})`;
}

/** A density with one choice of orders as one row, or the histogram as a line a layer. */
export function reorderRow(line: ReorderLine | OrderHistogram): string {
  if ("layers" in line) {
    return line.layers
      .map((counts, layer) => {
        const heads = Object.entries(counts).map(([order, count]) => `${order} ${count}`);
        return `layer ${layer}: ${heads.join(", ")}`;
      })
      .join("\n");
  }
  const { density, orders, densityMet, psnr, ssim, right, denseRight, pictures } = line;
  return [
    `density ${density} (met ${densityMet.toFixed(4)}), ${orders} orders:`,
    `  PSNR ${range(psnr, 2)} dB, SSIM ${range(ssim, 4)}, right ${right}/${pictures} (dense ${denseRight}/${pictures})`,
  ].join("\n");
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
