/** Uniform 32-bit whole numbers from a seed. */
export function randomBits(seed: number): () => number;
/** Mutated copies of `bytes`, without end; the same seed gives the same copies. */
export function mutations(bytes: Uint8Array, seed: number): Generator<Uint8Array, never, void>;
/** One copy of `bytes` with one to four mutations. */
export function mutate(bytes: Uint8Array, random: () => number): Uint8Array;
