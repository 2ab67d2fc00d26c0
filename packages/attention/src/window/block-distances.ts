import { type BlockPartition, isTextBlock } from "@paroattn/reorder";

/** How far blocks are from each other, in whatever a window goes by. */
export interface BlockDistances {
  readonly partition: BlockPartition;
  /** [blocks, blocks]: the least distance between a token of the one block and a token of the other. 0 beside text. */
  readonly distances: Uint32Array;
}

/** Distances of all pairs of blocks, from those of two different visual ones; the same in both directions. */
export function blockDistances(
  partition: BlockPartition,
  between: (laterBlock: number, earlierBlock: number) => number,
): BlockDistances {
  const { blocks } = partition;
  const distances = new Uint32Array(blocks * blocks);
  for (let later = 0; later < blocks; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      const beside = isTextBlock(partition, later) || isTextBlock(partition, earlier);
      const distance = beside ? 0 : between(later, earlier);
      distances[later * blocks + earlier] = distance;
      distances[earlier * blocks + later] = distance;
    }
  }
  return { partition, distances };
}
