/**
 * What is left of each row's softmax denominator under a mask, rho in (0, 1] (Re-ttention Eq. 8), from natural logs of the
 * sums of exp(logit) over the kept keys and over all keys, [rows] each. In float64.
 *
 * @example denominatorRatio({ kept: [Math.log(3)], all: [Math.log(4)] }) // [0.75]
 */
export function denominatorRatio(logSumExp: {
  readonly kept: ArrayLike<number>;
  readonly all: ArrayLike<number>;
}): Float64Array {
  const { kept, all } = logSumExp;
  // Kept is part of all; a ratio above 1 is rounding.
  return Float64Array.from(all, (value, row) => Math.min(1, Math.exp(kept[row]! - value)));
}

/**
 * The ratio of the `sparseStep`th sparse step since it was measured, 0-based: rho + lambda * sparseStep (Re-ttention section
 * 4.2), and at most 1, beyond which a row would hold more than its softmax. `strict`: without that bound, as released. In float64.
 */
export function rampedRatio(
  ratio: ArrayLike<number>,
  options: { readonly lambda: number; readonly sparseStep: number; readonly strict?: boolean },
): Float64Array {
  const { lambda, sparseStep, strict = false } = options;
  const most = strict ? Number.POSITIVE_INFINITY : 1;
  return Float64Array.from(ratio, (rho) => Math.min(most, rho + lambda * sparseStep));
}

/**
 * What masked attention misses of full attention once its rows are scaled: full - ratio * kept (Re-ttention Eq. 10), which is
 * the part of full attention that the dropped keys make. [rows, channels]; in float64.
 */
export function attentionResidual(options: {
  /** Full attention, [rows, channels]. */
  readonly full: ArrayLike<number>;
  /** Attention over the kept keys alone, [rows, channels]. */
  readonly kept: ArrayLike<number>;
  /** [rows] */
  readonly ratio: ArrayLike<number>;
}): Float64Array {
  const { full, kept, ratio } = options;
  const channels = full.length / ratio.length;
  return Float64Array.from(
    full,
    (value, index) => value - ratio[Math.floor(index / channels)]! * kept[index]!,
  );
}
