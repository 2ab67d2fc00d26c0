const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;

type FourWords = readonly [number, number, number, number];

/**
 * Philox4x32-10 (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"): four random 32-bit words of a
 * 128-bit counter and a 64-bit key, each given as 32-bit words, lowest first.
 */
export function philox4x32(counter: FourWords, key: readonly [number, number]): FourWords {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = wideProduct(MULTIPLIERS[0], c0);
    const [high1, low1] = wideProduct(MULTIPLIERS[1], c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** High and low word of a 32 by 32 bit product. */
function wideProduct(a: number, b: number): [number, number] {
  const low = Math.imul(a, b) >>> 0;
  // a * b = aHigh * b * 2^16 + aLow * b, each below 2^48 and so exact.
  const upper = (a >>> 16) * b;
  const lower = (a & 0xffff) * b;
  const high = Math.floor((upper + Math.floor(lower / 0x10000)) / 0x10000);
  return [high >>> 0, low];
}
