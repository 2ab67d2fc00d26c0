import { refuse } from "./errors.js";
import { gatherIndices } from "./gather.js";
import { type TokenLayout, tokenCount } from "./layout.js";
import type { AxisOrder } from "./order.js";
import { BLOCK_SIZE, partitionLayout } from "./partition.js";

/** The paper's ε: entries of the softmax map below it count as small (PAROAttention §4.1). */
export const DEFAULT_EPSILON = 1e-3;

/**
 * ε = c / tokens. At most 1/ε entries of a row can reach ε, so that beyond 1,000 tokens the constant 1e-3 calls
 * even a uniform head sparse; an ε that shrinks with the sequence does not. Throws a `ReorderError` where either is not positive.
 */
export function epsilonFor(options: { readonly tokens: number; readonly c: number }): number {
  const { tokens, c } = options;
  if (!Number.isInteger(tokens) || tokens < 1) refuse("a positive integer for tokens", tokens);
  if (!(c > 0 && Number.isFinite(c))) refuse("a positive number for c", c);
  return c / tokens;
}

/**
 * What a score needs to know of each tile of one head's reordered softmax map: arrays of [blocks, blocks], row-major
 * over (query block, key block) of the layout's partition. Only valid entries count.
 */
export interface TileStatistics {
  readonly sum: ArrayLike<number>;
  readonly maximum: ArrayLike<number>;
  /** Valid entries below ε. */
  readonly smallCount: ArrayLike<number>;
}

export interface TileStatisticsOptions {
  /** The post-softmax map in sequence order, [tokens, tokens] over (query, key), text included. */
  readonly map: Float32Array | Float64Array;
  readonly layout: TokenLayout;
  readonly order: AxisOrder;
  /** Default: 64. */
  readonly blockSize?: number;
  /** Default: 1e-3. See `epsilonFor`. */
  readonly epsilon?: number;
}

/**
 * The tile statistics of a captured map after reordering, in one pass and without a reordered copy.
 * For maps that fit in memory; long sequences get the same numbers from a backend's streaming pass.
 * Throws a `ReorderError` where the map is not tokens² long or holds a NaN or a negative entry.
 */
export function tileStatistics(options: TileStatisticsOptions): TileStatistics {
  const { map, layout, order, blockSize = BLOCK_SIZE, epsilon = DEFAULT_EPSILON } = options;
  const tokens = tokenCount(layout);
  if (map.length !== tokens * tokens) {
    refuse(`a map of ${tokens} x ${tokens} = ${tokens * tokens} entries`, map.length);
  }
  if (!(epsilon > 0)) refuse("a positive epsilon", epsilon);
  const indices = gatherIndices(layout, order);
  const { starts, blocks } = partitionLayout(layout, blockSize);
  const sum = new Float64Array(blocks * blocks);
  const maximum = new Float64Array(blocks * blocks);
  const smallCount = new Float64Array(blocks * blocks);
  for (let queryBlock = 0; queryBlock < blocks; queryBlock++) {
    const lastQuery = starts[queryBlock + 1] as number;
    for (let query = starts[queryBlock] as number; query < lastQuery; query++) {
      const row = (indices[query] as number) * tokens;
      for (let keyBlock = 0; keyBlock < blocks; keyBlock++) {
        const tile = queryBlock * blocks + keyBlock;
        const lastKey = starts[keyBlock + 1] as number;
        let total = 0;
        let largest = maximum[tile] as number;
        let small = 0;
        for (let key = starts[keyBlock] as number; key < lastKey; key++) {
          const entry = map[row + (indices[key] as number)] as number;
          if (!(entry >= 0)) refuse("softmax entries of 0 or more", entry);
          total += entry;
          if (entry > largest) largest = entry;
          if (entry < epsilon) small++;
        }
        (sum[tile] as number) += total;
        maximum[tile] = largest;
        (smallCount[tile] as number) += small;
      }
    }
  }
  return { sum, maximum, smallCount };
}
