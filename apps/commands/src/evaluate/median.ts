/** The middle value, or the mean of the two in the middle. A picture that met a busy machine does not move it. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted.length >> 1;
  return (sorted[upper]! + sorted[sorted.length - 1 - upper]!) / 2;
}
