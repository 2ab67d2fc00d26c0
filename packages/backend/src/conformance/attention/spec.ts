import type { AxisOrder, TokenLayout } from "@paroattn/reorder";

/** How a random mask is made. `one` leaves each query block a single live key block. */
export type MaskSpec =
  | { readonly kind: "random"; readonly density: number; readonly perRow?: boolean }
  | { readonly kind: "one" | "full"; readonly perRow?: boolean };

/** What is special about an attention; everything else is plain. */
export interface AttentionSpec {
  readonly name: string;
  /** Default: 1. */
  readonly batch?: number;
  readonly heads: number;
  readonly keyValueHeads?: number;
  readonly headDim: number;
  /** Left out with a layout. */
  readonly queryTokens?: number;
  /** Default: queryTokens. */
  readonly keyTokens?: number;
  readonly layout?: TokenLayout;
  readonly orders?: readonly AxisOrder[];
  readonly norm?: "rms" | "layer";
  /** Weights (and biases of a layer norm). */
  readonly normWeights?: boolean;
  readonly rope?: "interleaved" | "half";
  readonly keyLengths?: readonly number[];
  readonly scale?: number;
  readonly mask?: MaskSpec;
  readonly bias?: boolean;
  readonly rowScale?: boolean;
  readonly residual?: boolean;
  /** Standard deviation of queries and keys. Default: 1. */
  readonly deviation?: number;
  /** Mean of queries and keys, of which a layer norm must lose as few digits as it can. Default: 0. */
  readonly mean?: number;
}
