import { rowCount } from "./block-starts.js";
import { refuse } from "./errors.js";

export interface TokenMeanOptions {
  /** [tokens, rowLength] */
  readonly data: Float32Array;
  readonly rowLength: number;
  /** The tokens to average, such as the valid ones or every 16th of them. Default: all. */
  readonly tokens?: ArrayLike<number>;
}

/** The mean of rows, [rowLength]: summed in float64 in the order of `tokens`. Throws a `QuantError` for no token or one out of range. */
export function tokenMean(options: TokenMeanOptions): Float32Array {
  const { data, rowLength } = options;
  const rows = rowCount(data.length, rowLength);
  const tokens = options.tokens ?? { length: rows };
  if (tokens.length === 0) refuse("at least one token to average", "none");
  const sum = new Float64Array(rowLength);
  for (let i = 0; i < tokens.length; i++) {
    const token = options.tokens ? options.tokens[i]! : i;
    if (!(Number.isInteger(token) && token >= 0 && token < rows)) {
      refuse(`tokens below ${rows}`, token);
    }
    for (let c = 0; c < rowLength; c++) sum[c]! += data[token * rowLength + c]!;
  }
  return Float32Array.from(sum, (total) => total / tokens.length);
}

export interface SmoothKeysOptions {
  /** [tokens, headDim] of one head. */
  readonly keys: Float32Array;
  readonly headDim: number;
  /** What to subtract, [headDim]; any vector is exact, a mean leaves the smallest keys. Default: the mean over all tokens. */
  readonly mean?: Float32Array;
}

export interface SmoothedKeys {
  /** keys - mean, in float32, [tokens, headDim] */
  readonly keys: Float32Array;
  /** [headDim] */
  readonly mean: Float32Array;
}

/**
 * Subtracts one vector from every key (SageAttention's smoothing of K, PAROAttention §4.3). It takes `scale * q·mean`
 * from every logit of a query's row: the softmax does not change, and adding that term to the row's log-sum-exp gives the
 * log-sum-exp of the keys as they were. Zero the rows of padding afterwards, not before.
 * Throws a `QuantError` where lengths do not fit.
 */
export function smoothKeys(options: SmoothKeysOptions): SmoothedKeys {
  const { keys, headDim } = options;
  rowCount(keys.length, headDim);
  const mean = options.mean?.slice() ?? tokenMean({ data: keys, rowLength: headDim });
  if (mean.length !== headDim) refuse(`a mean of ${headDim} channels`, mean.length);
  return { keys: keys.map((x, i) => x - mean[i % headDim]!), mean };
}
