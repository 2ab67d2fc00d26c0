import { refuse } from "./errors.js";

/** One head of one layer in one timestep bucket. */
export interface HeadAddress {
  readonly bucket: number;
  readonly layer: number;
  readonly head: number;
}

/**
 * Block masses, read head by head and possibly several times: from memory, a scratch file, a recomputation.
 * The mass of a block is the sum of its softmax entries divided by its query rows, so that each query block's masses sum to 1.
 */
export interface BlockMassSource {
  readonly buckets: number;
  readonly layers: number;
  readonly heads: number;
  /**
   * [blocks, blocks] over (query block, key block), row-major. Must give the same numbers each time;
   * may return one buffer again and again.
   */
  read(address: HeadAddress): Float32Array | Promise<Float32Array>;
}

/**
 * A source over masses in memory, [buckets, layers, heads, blocks, blocks].
 * Throws a `SparseMaskError` where the length does not fit.
 */
export function massesInMemory(options: {
  readonly masses: Float32Array;
  readonly buckets: number;
  readonly layers: number;
  readonly heads: number;
  readonly blocks: number;
}): BlockMassSource {
  const { masses, buckets, layers, heads, blocks } = options;
  const size = blocks * blocks;
  const expected = buckets * layers * heads * size;
  if (masses.length !== expected) {
    refuse(
      `${buckets} x ${layers} x ${heads} x ${blocks} x ${blocks} = ${expected} masses`,
      masses.length,
    );
  }
  return {
    buckets,
    layers,
    heads,
    read({ bucket, layer, head }) {
      const start = ((bucket * layers + layer) * heads + head) * size;
      return masses.subarray(start, start + size);
    },
  };
}

/** Throws a `SparseMaskError` for a source without buckets, layers or heads. */
export function checkSource(source: BlockMassSource): void {
  for (const name of ["buckets", "layers", "heads"] as const) {
    const size = source[name];
    if (!Number.isInteger(size) || size < 1) refuse(`a positive integer for source.${name}`, size);
  }
}

/** Reads one head's masses; throws a `SparseMaskError` naming the block for a wrong length, NaN, infinity or a negative mass. */
export async function readMasses(options: {
  readonly source: BlockMassSource;
  readonly blocks: number;
  readonly address: HeadAddress;
}): Promise<Float32Array> {
  const { source, blocks, address } = options;
  const masses = await source.read(address);
  const where = `bucket ${address.bucket}, layer ${address.layer}, head ${address.head}`;
  if (masses.length !== blocks * blocks) {
    refuse(`${blocks} x ${blocks} = ${blocks * blocks} masses for ${where}`, masses.length);
  }
  for (let block = 0; block < masses.length; block++) {
    const mass = masses[block] as number;
    if (!(mass >= 0 && mass < Number.POSITIVE_INFINITY)) {
      const query = Math.floor(block / blocks);
      refuse(
        `a finite mass of 0 or more for ${where}, query block ${query}, key block ${block % blocks}`,
        mass,
      );
    }
  }
  return masses;
}
