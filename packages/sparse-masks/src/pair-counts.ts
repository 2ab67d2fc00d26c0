import { type BlockPartition, blockLength } from "@paroattn/reorder";

/** Valid query-key pairs of each block, [blocks, blocks]. */
export function pairCounts(partition: BlockPartition): Float64Array {
  const { blocks } = partition;
  const lengths = Array.from({ length: blocks }, (_, block) => blockLength(partition, block));
  const pairs = new Float64Array(blocks * blocks);
  for (let query = 0; query < blocks; query++) {
    for (let key = 0; key < blocks; key++) {
      pairs[query * blocks + key] = (lengths[query] as number) * (lengths[key] as number);
    }
  }
  return pairs;
}
