import { refuse } from "./errors.js";
import { type BlockPartition, blockLength, partitionLayout } from "./partition.js";
import { type TileStatistics, type TileStatisticsOptions, tileStatistics } from "./statistics.js";

/** The paper's σ: the share of small entries that makes a block sparse (PAROAttention §4.1). */
export const DEFAULT_SIGMA = 0.9;

/** How well an order suits a head (PAROAttention §4.1), over the visual-visual blocks. */
export interface OrderScore {
  /** M_sparse: the share of blocks, weighted by valid entries, in which at least σ of the entries are below ε. Higher is better. */
  readonly sparse: number;
  /** M_quant: the mean incoherence Ψ = maximum / mean of the blocks, weighted by valid entries. Lower is better; at least 1. */
  readonly quant: number;
}

export interface ScoreFromStatisticsOptions extends TileStatistics {
  /** The blocks of the layout. */
  readonly partition: BlockPartition;
  /** Default: 0.9. */
  readonly sigma?: number;
}

/**
 * The score of one head in one order from the statistics of its tiles. An all-zero block has Ψ = 1.
 * Throws a `ReorderError` where an array is not [blocks, blocks] long or a visual-visual tile holds NaN or a negative number.
 */
export function scoreFromStatistics(options: ScoreFromStatisticsOptions): OrderScore {
  const { sum, maximum, smallCount, partition, sigma = DEFAULT_SIGMA } = options;
  const { blocks, visualBlocks } = partition;
  for (const [name, values] of Object.entries({ sum, maximum, smallCount })) {
    if (values.length !== blocks * blocks) {
      refuse(`${blocks} x ${blocks} = ${blocks * blocks} tiles in ${name}`, values.length);
    }
  }
  if (!(sigma >= 0 && sigma <= 1)) refuse("sigma in [0, 1]", sigma);
  let entries = 0;
  let sparse = 0;
  let quant = 0;
  for (let queryBlock = visualBlocks.start; queryBlock < visualBlocks.end; queryBlock++) {
    const queries = blockLength(partition, queryBlock);
    for (let keyBlock = visualBlocks.start; keyBlock < visualBlocks.end; keyBlock++) {
      const tile = queryBlock * blocks + keyBlock;
      const total = sum[tile] as number;
      const largest = maximum[tile] as number;
      const small = smallCount[tile] as number;
      if (!(total >= 0 && largest >= 0 && small >= 0 && Number.isFinite(total + largest))) {
        refuse(
          `finite tile statistics of 0 or more at query block ${queryBlock}, key block ${keyBlock}`,
          [total, largest, small],
        );
      }
      const size = queries * blockLength(partition, keyBlock);
      entries += size;
      // The division, not sigma * size: 9 of 10 entries must reach a sigma of 0.9 exactly.
      if (small / size >= sigma) sparse += size;
      // A maximum below the mean is rounding of the sum.
      quant += total === 0 ? size : size * Math.max(1, (largest * size) / total);
    }
  }
  return { sparse: sparse / entries, quant: quant / entries };
}

export interface BlockScoresOptions extends TileStatisticsOptions {
  /** Default: 0.9. */
  readonly sigma?: number;
}

/**
 * The score of one order for a captured softmax map, [tokens, tokens] in sequence order.
 *
 * @example
 * const candidates = axisOrders(layout).map((order) => ({ order, ...blockScores({ map, layout, order }) }));
 * const { order } = combineScores({ candidates });
 */
export function blockScores(options: BlockScoresOptions): OrderScore {
  const { layout, blockSize, sigma } = options;
  return scoreFromStatistics({
    ...tileStatistics(options),
    partition: partitionLayout(layout, blockSize),
    ...(sigma === undefined ? {} : { sigma }),
  });
}
