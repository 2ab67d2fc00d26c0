import { philox4x32 } from "./philox.js";

/**
 * `count` independent numbers of the standard normal distribution, the same for a seed on every machine: numbers
 * 4i ... 4i + 3 are Box-Muller pairs of the four Philox words with counter [i, stream] and the seed as the key. They
 * differ from PyTorch's. Logarithm and cosine are the engine's, in double; rounding to f32 hides all but a rare last bit of theirs.
 *
 * @param seed A whole number from 0 to 2^53 - 1.
 * @param stream A whole number below 2^32; each gives a seed other numbers. Default: 0.
 */
export function normalNoise(seed: number, count: number, stream = 0): Float32Array {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32)] as const;
  const noise = new Float32Array(Math.ceil(count / 4) * 4);
  for (let i = 0; i < noise.length; i += 4) {
    const words = philox4x32([i / 4, stream, 0, 0], key);
    for (const pair of [0, 2] as const) {
      // Both in (0, 1): the middles of 2^32 intervals.
      const [u, v] = [(words[pair] + 0.5) / 2 ** 32, (words[pair + 1]! + 0.5) / 2 ** 32];
      const radius = Math.sqrt(-2 * Math.log(u));
      noise[i + pair] = radius * Math.cos(2 * Math.PI * v);
      noise[i + pair + 1] = radius * Math.sin(2 * Math.PI * v);
    }
  }
  return noise.subarray(0, count);
}
