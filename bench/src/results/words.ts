import type { MeasuredRow, Ratio } from "../measure/compare.js";

/** "12.34 ms", "1.234 s". */
export function time(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(3)} s`;
  return `${ms.toFixed(ms >= 100 ? 1 : ms >= 1 ? 2 : 3)} ms`;
}

/** Of the best time: "341 GFLOP/s", "12.3 GB/s"; nothing where neither is known. */
export function rate({ flops, bytes, bestMs }: MeasuredRow): string {
  if (flops !== undefined) return `${(flops / bestMs / 1e6).toFixed(0)} GFLOP/s`;
  if (bytes !== undefined) return `${(bytes / bestMs / 1e6).toFixed(1)} GB/s`;
  return "";
}

/** "1.05x (1.04x) onnxruntime-node's speed": of the best times, in brackets of the medians. */
export function ratio(one: Ratio): string {
  const times = (value: number) => `${value.toFixed(2)}x`;
  const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
  const both = (format: (value: number) => string) => `${format(one.best)} (${format(one.median)})`;
  const { against } = one;
  switch (one.as) {
    case "speed":
      return `${both(times)} the speed of ${against}`;
    case "cost":
      return `${both(times)} the time of ${against}`;
    case "rate":
      return `${both(percent)} of the ${against}`;
    case "part":
      return `${both(percent)} of ${against}`;
    case "ideal":
      return `${both(percent)} of the ideal, ${against} x ${one.density.toFixed(3)}`;
  }
}

/** "34.4 GFLOP, 33.6 MB": what most rows of a case do; the largest. */
export function work(rows: readonly MeasuredRow[]): string {
  const most = (key: "flops" | "bytes") =>
    Math.max(0, ...rows.flatMap(({ [key]: value }) => value ?? []));
  const parts = [
    most("flops") > 0 && `${(most("flops") / 1e9).toFixed(1)} GFLOP`,
    most("bytes") > 0 && `${(most("bytes") / 1e6).toFixed(1)} MB`,
  ];
  return parts.filter(Boolean).join(", ");
}
