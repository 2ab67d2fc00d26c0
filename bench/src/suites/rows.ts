import { time } from "../results/words.js";
import type { CaptionLine, CaptionSummary } from "./captions.js";
import type { ClipLine } from "./clip/clip.js";
import type { IndicesLine, RowsLine } from "./orders.js";
import type { StallLine, StallSummary } from "./stall.js";

/** A prompt with what is wrong in its picture, or the sum over all. */
export function captionRow(line: CaptionLine | CaptionSummary): string {
  if ("prompt" in line) {
    const wrong = Object.entries(line.parts).flatMap(([part, right]) => (right ? [] : [part]));
    return `${line.right ? "right" : "wrong"}  ${line.prompt}${wrong.length > 0 ? ` (${wrong.join(", ")})` : ""}`;
  }
  const parts = Object.entries(line.parts).map(([part, share]) => `${part} ${share.toFixed(2)}`);
  return `${line.attention}, density ${line.density.toFixed(3)}: ${line.right} of ${line.pictures} right; ${parts.join(", ")}`;
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

/** How long the event loop stood still while something ran, and what memory that took; or the sum over all rounds. */
export function stallRow(line: StallLine | StallSummary): string {
  const phase = line.phase.padEnd(10);
  if ("rounds" in line) {
    const { best, median, worst } = line.stallMs;
    const stalls = `best ${best.toFixed(1)}, median ${median.toFixed(1)}, worst ${worst.toFixed(1)} ms`;
    return `${phase} longest stall of ${line.rounds} rounds: ${stalls}`;
  }
  const { ms, aboveBytes, operandBytes, stolenMs } = line;
  const memory =
    aboveBytes === null
      ? ""
      : `, memory above before ${(aboveBytes / 1e6).toFixed(0)} MB (q, k and v: ${(operandBytes / 1e6).toFixed(0)} MB)`;
  const stolen = stolenMs ? `, ${stolenMs} ms stolen by the hypervisor` : "";
  return `${phase} ${ms.toFixed(0)} ms, longest stall ${line.stallMs.toFixed(1)} ms${memory}${stolen}`;
}

/** One layer of a clip: a plan made, a strategy's times, or what PARO pays beside its kernel. */
export function clipRow(line: ClipLine): string {
  const phase = line.phase.padEnd(24);
  const times = ({ best, median }: { best: number; median: number }) =>
    `${time(best)} (${time(median)})`;
  if ("ofDense" in line) {
    const share = ({ best, median }: { best: number; median: number }) =>
      `${(100 * best).toFixed(2)} % (${(100 * median).toFixed(2)} %)`;
    return `${phase}${times(line.ms)}: ${share(line.ofDense)} of dense attention, ${share(line.ofParo)} of PARO's`;
  }
  const { aboveBytes, inputBytes } = line;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  const memory =
    aboveBytes === null
      ? ""
      : `, ${gigabytes(aboveBytes)} above its inputs (${gigabytes(inputBytes)})`;
  if ("orders" in line) {
    const orders = Object.entries(line.orders).map(([order, heads]) => `${order} ${heads}`);
    return `${phase}${time(line.ms)}${memory}; heads by order: ${orders.join(", ")}`;
  }
  const { density, rounds, frontMs, attentionMs } = line;
  return `${phase}density ${density.toFixed(4)}: ${times(line.ms)} of ${rounds} rounds, front ${times(frontMs)}, kernel ${times(attentionMs)}${memory}`;
}
