import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { ResolvedPrepareAttention } from "../operators/prepare-attention.js";
import { dotProduct } from "./attention.js";
import type { PreparedAttention } from "./prepare-attention.js";
import type { Pause } from "./stream.js";

/** Each [batch, heads, queryBlocks, keyBlocks]. */
export interface BlockStatisticsOutputs {
  readonly sum: Float32Array;
  readonly maximum: Float32Array;
  readonly smallCount: Float32Array;
}

/** One query row at a time: exp(logit - logSumExp) of each valid key goes to its tile. */
export async function blockStatistics(options: {
  operands: PreparedAttention;
  resolved: ResolvedPrepareAttention;
  logSumExp: Tensor;
  epsilon: number;
  pause: Pause;
}): Promise<BlockStatisticsOutputs> {
  const { operands, resolved, epsilon, pause } = options;
  const { batch, heads, headDim, scale, queryTokens, keyTokens, keyLengths } = resolved;
  const { queryPartition, keyPartition } = resolved;
  const logSumExp = toFloat32(options.logSumExp);
  const tiles = batch * heads * queryPartition.blocks * keyPartition.blocks;
  const sum = new Float64Array(tiles);
  const maximum = new Float64Array(tiles);
  const smallCount = new Float64Array(tiles);
  for (const [index, operand] of operands.entries()) {
    const length = keyLengths?.[Math.floor(index / heads)] ?? keyTokens;
    for (let queryBlock = 0; queryBlock < queryPartition.blocks; queryBlock++) {
      const queryEnd = queryPartition.starts[queryBlock + 1]!;
      for (let query = queryPartition.starts[queryBlock]!; query < queryEnd; query++) {
        if (pause.due()) await pause.take();
        const total =
          logSumExp[index * queryTokens + operand.querySources[query]!]! -
          (operand.logitShifts?.[query] ?? 0);
        for (let keyBlock = 0; keyBlock < keyPartition.blocks; keyBlock++) {
          const tile =
            (index * queryPartition.blocks + queryBlock) * keyPartition.blocks + keyBlock;
          const keyEnd = keyPartition.starts[keyBlock + 1]!;
          for (let key = keyPartition.starts[keyBlock]!; key < keyEnd; key++) {
            if (operand.keySources[key]! >= length) continue;
            const entry = Math.exp(scale * dotProduct({ operand, query, key, headDim }) - total);
            sum[tile]! += entry;
            maximum[tile] = Math.max(maximum[tile]!, entry);
            if (entry < epsilon) smallCount[tile]! += 1;
          }
        }
      }
    }
  }
  return {
    sum: Float32Array.from(sum),
    maximum: Float32Array.from(maximum),
    smallCount: Float32Array.from(smallCount),
  };
}
