/**
 * T5's bucket of a relative position (key minus query), both directions: exact near by, logarithmic up to
 * `maximumDistance`, one bucket beyond. Upstream: `T5Attention._relative_position_bucket`, in its single precision.
 */
export function relativePositionBucket(options: {
  readonly position: number;
  readonly buckets: number;
  readonly maximumDistance: number;
}): number {
  const half = Math.floor(options.buckets / 2);
  const exact = Math.floor(half / 2);
  const distance = Math.abs(options.position);
  const side = options.position > 0 ? half : 0;
  if (distance < exact) return side + distance;
  const log = Math.fround(Math.log(Math.fround(distance / exact)));
  const share = Math.fround(log / Math.fround(Math.log(options.maximumDistance / exact)));
  const far = exact + Math.trunc(Math.fround(share * (half - exact)));
  return side + Math.min(far, half - 1);
}
