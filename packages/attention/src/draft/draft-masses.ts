import type { BlockPartition } from "@paroattn/reorder";

/** Drafts of one batch row: means of queries and keys over blocks, [heads * headDim, visual blocks] each. */
export interface Drafts {
  readonly query: Float32Array;
  readonly key: Float32Array;
}

/**
 * softmax(q k / sqrt(headDim)) of one head's drafts, as masses [blocks, blocks] between visual blocks; 0 beside text, which
 * has no draft (DraftAttention steps 2 and 3).
 */
export function draftMasses(
  { query, key }: Drafts,
  options: {
    readonly head: number;
    readonly headDim: number;
    readonly partition: BlockPartition;
  },
): Float32Array {
  const { head, headDim, partition } = options;
  const { blocks, visualBlocks } = partition;
  const count = visualBlocks.end - visualBlocks.start;
  const masses = new Float32Array(blocks * blocks);
  const first = head * headDim;
  const logits = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    logits.fill(0);
    for (let channel = first; channel < first + headDim; channel++) {
      const factor = query[channel * count + row]! / Math.sqrt(headDim);
      const keys = channel * count;
      for (let column = 0; column < count; column++)
        logits[column]! += factor * key[keys + column]!;
    }
    const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (let column = 0; column < count; column++) {
      logits[column] = Math.exp(logits[column]! - most);
      sum += logits[column]!;
    }
    const to = (visualBlocks.start + row) * blocks + visualBlocks.start;
    for (let column = 0; column < count; column++) masses[to + column] = logits[column]! / sum;
  }
  return masses;
}
