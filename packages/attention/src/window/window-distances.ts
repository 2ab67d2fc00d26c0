import {
  type AxisOrder,
  type BlockPartition,
  gatherIndices,
  isTextBlock,
  partitionLayout,
  type TokenLayout,
  visualStart,
} from "@paroattn/reorder";
import { type BlockDistances, blockDistances } from "./block-distances.js";

/** Raster places from `first` to `last`, both included. */
interface Run {
  readonly first: number;
  readonly last: number;
}

/**
 * Distances between the blocks of a layout in an axis order. Two tokens of any frames are as far apart as their places in the raster of
 * a frame (row * width + column), which is what Re-ttention's windows go by.
 */
export function windowDistances(layout: TokenLayout, order: AxisOrder): BlockDistances {
  const partition = partitionLayout(layout);
  const runs = blockRuns(layout, order, partition);
  return blockDistances(partition, (query, key) => distanceBetween(runs[query]!, runs[key]!));
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
