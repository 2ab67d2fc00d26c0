import { refuse } from "./errors.js";

/** Uniform numbers in [0, 1), the same for the same seed everywhere (splitmix32; not for secrets). */
export function seededGenerator(seed: number): () => number {
  if (!Number.isInteger(seed)) refuse("a whole number for seed", seed);
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 2 ** 32;
  };
}
