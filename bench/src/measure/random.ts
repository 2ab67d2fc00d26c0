/** Ordinary values in [-factor, factor), the same for the same seed: a plain linear congruential generator. */
export function randomFloats(length: number, seed: number, factor = 1): Float32Array {
  const values = new Float32Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 31 - 1) * factor;
  }
  return values;
}
