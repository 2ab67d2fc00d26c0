import type { Timing } from "./interleave.js";

/** What one run of a row does. */
export interface Work {
  readonly flops?: number | undefined;
  /** Read and written, each once. */
  readonly bytes?: number | undefined;
}

/**
 * A row's time beside another row's. `speed`: the other's time / its own. `cost`: its own / the other's. `part`: the same, as
 * a share. `rate`: its operations (or bytes) a second / the other's. `ideal`: the other's time * density / its own.
 */
export type Comparison =
  | { readonly against: string; readonly as: "speed" | "cost" | "part" | "rate" }
  | { readonly against: string; readonly as: "ideal"; readonly density: number };

/** What is known of a row beside its times. */
export interface RowInfo extends Work {
  readonly comparisons?: readonly Comparison[];
}

/** A comparison with its values: of the best times, and of the medians. */
export type Ratio = Comparison & { readonly best: number; readonly median: number };

export interface MeasuredRow extends Timing, Work {
  readonly ratios: readonly Ratio[];
}

/** Timings with the work behind them and their comparisons; comparisons with rows that did not run are left out. */
export function compare(
  timings: readonly Timing[],
  info: Readonly<Record<string, RowInfo>>,
): MeasuredRow[] {
  return timings.map((timing) => {
    const { comparisons = [], ...work } = info[timing.name] ?? {};
    const ratios = comparisons.flatMap((comparison): Ratio[] => {
      const other = timings.find(({ name }) => name === comparison.against);
      if (other === undefined) return [];
      const works = [work, info[other.name] ?? {}] as const;
      const value = (key: "bestMs" | "medianMs") =>
        ratio({ comparison, own: timing[key], other: other[key], works });
      return [{ ...comparison, best: value("bestMs"), median: value("medianMs") }];
    });
    return { ...timing, ...work, ratios };
  });
}

function ratio(options: {
  readonly comparison: Comparison;
  readonly own: number;
  readonly other: number;
  readonly works: readonly [Work, Work];
}): number {
  const { comparison, own, other, works } = options;
  switch (comparison.as) {
    case "speed":
      return other / own;
    case "ideal":
      return (other * comparison.density) / own;
    case "cost":
    case "part":
      return own / other;
    case "rate": {
      const [mine, theirs] = works;
      const unit = mine.flops !== undefined && theirs.flops !== undefined ? "flops" : "bytes";
      return ((mine[unit] ?? Number.NaN) / (theirs[unit] ?? Number.NaN)) * (other / own);
    }
  }
}
