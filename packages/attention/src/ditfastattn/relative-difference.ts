/**
 * L(O, O'): the mean over all numbers of |o - o'| / (max(|o|, |o'|) + 1e-6) (DiTFastAttn Algorithm 1). In float64. The released
 * code takes the maximum of the signed numbers and then needs a bound, 10; this is 2 at most.
 *
 * @example relativeDifference([1, 2], [1, 1]) // 0.25
 */
export function relativeDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [found[i]!, expected[i]!];
    sum += Math.abs(a - b) / (Math.max(Math.abs(a), Math.abs(b)) + 1e-6);
  }
  return sum / expected.length;
}
