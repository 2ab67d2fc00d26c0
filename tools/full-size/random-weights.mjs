// Normally distributed bf16 numbers at the speed of a disk: cut out of a pool at random places, not drawn one by one.

const POOL = 4 * 1024 * 1024;
/** Elements of a chunk; half of the pool, so that a chunk may begin anywhere in the other half. */
const CHUNK = POOL / 2;

/** Uniform in [0, 1): the xorshift of Marsaglia 2003, which is quick and good enough for noise. */
function uniform(seed) {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers (Box and Muller 1958). */
function normals(count, random) {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[i] = radius * Math.cos(angle);
    values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** Rounds half to even. */
function toBf16(values) {
  const bits = new Uint32Array(values.buffer);
  return Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
}

/**
 * Makes the chunks of random tensors; the same seed and calls give the same bytes.
 *
 * @param {number} seed
 */
export function randomWeights(seed) {
  const random = uniform(seed);
  const pool = normals(POOL, random);
  const scaled = new Map();
  const poolOf = (mean, deviation) => {
    const key = `${mean} ${deviation}`;
    const known = scaled.get(key);
    if (known !== undefined) return known;
    const made = toBf16(pool.map((value) => mean + deviation * value));
    scaled.set(key, made);
    return made;
  };
  /** @param {{ shape: number[], mean: number, deviation: number }} tensor */
  return function* chunks({ shape, mean, deviation }) {
    const source = poolOf(mean, deviation);
    let left = shape.reduce((product, size) => product * size, 1);
    while (left > 0) {
      const count = Math.min(left, CHUNK);
      const start = Math.floor(random() * (POOL - count));
      yield new Uint8Array(source.buffer, 2 * start, 2 * count);
      left -= count;
    }
  };
}
