/** What rounding may do to one attention. */
export interface AttentionBounds {
  /** Relative error of an entry of the softmax map whose log-sum-exp is given. */
  readonly entry: number;
  /** Absolute error of the log-sum-exp, by its index. */
  readonly logSumExp: (index: number, value: number) => number;
  /** Absolute error of rowScale * softmax(..) V + residual before it is rounded to its dtype, by index of the output. */
  readonly output: (index: number) => number;
  /** At least |rowScale * softmax(..) V| of any part of the keys, by index of the output. */
  readonly magnitude: (index: number) => number;
}
