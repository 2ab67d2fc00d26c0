import type { LayerView } from "@paroattn/attention";
import { type AxisOrder, nativeOrder, type TokenLayout } from "@paroattn/reorder";

const AXES: Readonly<Record<string, string>> = { F: "frame", H: "row", W: "column" };

/** What an order does, for people: "row by row", "column by column", or for videos which axis changes slowest. */
export function describeOrder(order: AxisOrder, layout: TokenLayout): string {
  const axes = [...order].map((axis) => AXES[axis]!);
  const words =
    layout.frames === 1 ? `${axes[0]} by ${axes[0]}` : `by ${axes.slice(0, 2).join(", then ")}`;
  return order === nativeOrder(layout) ? `${words}, as it stands` : words;
}

/** The timesteps that a bucket of masks serves. */
export function describeBucket({ from, below }: LayerView["bucket"]): string {
  const number = (value: number) => String(Math.round(value * 10) / 10);
  if (from === undefined && below === undefined) return "all timesteps";
  if (from === undefined) return `timesteps below ${number(below!)}`;
  if (below === undefined) return `timesteps from ${number(from)}`;
  return `timesteps from ${number(from)} to ${number(below)}`;
}

/** Three digits, whatever the size: "0.812", "12.3", "1,234". */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** "mean of both guidance branches", or the one there is. */
export function describeBranches({ branches }: LayerView): string {
  return new Set(branches).size === 2
    ? "the mean of both guidance branches"
    : `of the ${branches[0]} branch`;
}
