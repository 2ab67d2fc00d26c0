import {
  type AxisOrder,
  type BlockPartition,
  gatherIndices,
  isTextBlock,
  partitionLayout,
  type TokenLayout,
  visualStart,
} from "@paroattn/reorder";

/** How far blocks are from each other along the raster of a frame. */
export interface WindowDistances {
  readonly partition: BlockPartition;
  /**
   * [blocks, blocks]: the least distance, in raster places of a frame, between a token of the one block and a token of the
   * other, whatever their frames. 0 beside text.
   */
  readonly distances: Uint32Array;
}

/** Raster places from `first` to `last`, both included. */
interface Run {
  readonly first: number;
  readonly last: number;
}

/**
 * Distances between the blocks of a layout in an axis order. Two tokens of any frames are as far apart as their places in
 * the raster of a frame (row * width + column), which is what Re-ttention's windows go by.
 */
export function windowDistances(layout: TokenLayout, order: AxisOrder): WindowDistances {
  const partition = partitionLayout(layout);
  const { blocks } = partition;
  const runs = blockRuns(layout, order, partition);
  const distances = new Uint32Array(blocks * blocks);
  for (let query = 0; query < blocks; query++) {
    for (let key = 0; key < query; key++) {
      const distance =
        isTextBlock(partition, query) || isTextBlock(partition, key)
          ? 0
          : distanceBetween(runs[query]!, runs[key]!);
      distances[query * blocks + key] = distance;
      distances[key * blocks + query] = distance;
    }
  }
  return { partition, distances };
}

/** The raster places of each block, without gaps as far as possible: one run where the order keeps neighbours together. */
function blockRuns(layout: TokenLayout, order: AxisOrder, partition: BlockPartition): Run[][] {
  const { height, width } = layout;
  const tokens = gatherIndices(layout, order);
  const start = visualStart(layout);
  return Array.from({ length: partition.blocks }, (_, block) => {
    if (isTextBlock(partition, block)) return [];
    const places = tokens
      .subarray(partition.starts[block], partition.starts[block + 1])
      .map((token) => (token - start) % (height * width))
      .sort();
    const runs: Run[] = [];
    for (const place of places) {
      const last = runs.at(-1);
      if (last !== undefined && place <= last.last + 1) {
        runs[runs.length - 1] = { first: last.first, last: place };
      } else {
        runs.push({ first: place, last: place });
      }
    }
    return runs;
  });
}

function distanceBetween(a: readonly Run[], b: readonly Run[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const one of a) {
    for (const other of b) {
      least = Math.min(least, Math.max(0, other.first - one.last, one.first - other.last));
    }
  }
  return least;
}
