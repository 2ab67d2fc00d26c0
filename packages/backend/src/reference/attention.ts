import { type Tensor, toFloat32 } from "@paroattn/tensor";
import { isLive, type ResolvedMask } from "../operators/mask.js";
import type { ResolvedPrepareAttention } from "../operators/prepare-attention.js";
import type { PreparedAttention, PreparedHead } from "./prepare-attention.js";
import type { Pause } from "./stream.js";

export interface AttentionOutputs {
  /** [batch, queryTokens, heads * headDim], not yet rounded to its dtype. */
  readonly output: Float64Array;
  /** [batch, heads, queryTokens] */
  readonly logSumExp: Float32Array;
}

/** One query row at a time: logits of the live valid keys, softmax, weighted sum of the values. */
export async function attention(options: {
  operands: PreparedAttention;
  resolved: ResolvedPrepareAttention;
  mask: ResolvedMask | undefined;
  bias: Tensor | undefined;
  rowScale: Tensor | undefined;
  residual: Tensor | undefined;
  pause: Pause;
}): Promise<AttentionOutputs> {
  const { operands, resolved, mask, pause } = options;
  const { batch, heads, headDim, queryTokens, keyTokens, queryPartition } = resolved;
  const bias = options.bias && toFloat32(options.bias);
  const rowScale = options.rowScale && toFloat32(options.rowScale);
  const residual = options.residual && toFloat32(options.residual);
  const output = new Float64Array(batch * queryTokens * heads * headDim);
  const logSumExp = new Float32Array(batch * heads * queryTokens);
  for (let row = 0; row < batch; row++) {
    for (let head = 0; head < heads; head++) {
      const operand = operands[row * heads + head]!;
      for (let queryBlock = 0; queryBlock < queryPartition.blocks; queryBlock++) {
        const keys = liveKeys({ operand, resolved, mask, row, head, queryBlock });
        const end = queryPartition.starts[queryBlock + 1]!;
        for (let query = queryPartition.starts[queryBlock]!; query < end; query++) {
          if (pause.due()) await pause.take();
          const sequenceQuery = operand.querySources[query]!;
          const biasRow = bias?.subarray((head * queryTokens + sequenceQuery) * keyTokens);
          const logits = logitsOf({ operand, resolved, query, keys, biasRow });
          const { sum, logSumExp: total } = softmaxSum({ operand, logits, keys, headDim });
          const to = (row * heads + head) * queryTokens + sequenceQuery;
          logSumExp[to] = total;
          const start = ((row * queryTokens + sequenceQuery) * heads + head) * headDim;
          for (let c = 0; c < headDim; c++) {
            output[start + c] = (rowScale?.[to] ?? 1) * sum[c]! + (residual?.[start + c] ?? 0);
          }
        }
      }
    }
  }
  return { output, logSumExp };
}

/** The keys (as they stand in the head's order) that a query block attends to. */
function liveKeys(options: {
  operand: PreparedHead;
  resolved: ResolvedPrepareAttention;
  mask: ResolvedMask | undefined;
  row: number;
  head: number;
  queryBlock: number;
}): Uint32Array {
  const { operand, resolved, mask, row, head, queryBlock } = options;
  const { keyPartition, keyLengths, keyTokens } = resolved;
  const length = keyLengths?.[row] ?? keyTokens;
  const bits = mask?.masks[mask.batch === 1 ? 0 : row];
  const keys: number[] = [];
  for (let keyBlock = 0; keyBlock < keyPartition.blocks; keyBlock++) {
    if (bits !== undefined && !isLive(bits, { head, queryBlock, keyBlock })) continue;
    const end = keyPartition.starts[keyBlock + 1]!;
    for (let key = keyPartition.starts[keyBlock]!; key < end; key++) {
      if (operand.keySources[key]! < length) keys.push(key);
    }
  }
  return Uint32Array.from(keys);
}

/** scale * q·k (+ bias), for the given keys. `biasRow` starts at the query's row and is in sequence order. */
function logitsOf(options: {
  operand: PreparedHead;
  resolved: ResolvedPrepareAttention;
  query: number;
  keys: Uint32Array;
  biasRow: Float32Array | undefined;
}): Float64Array {
  const { operand, resolved, query, keys, biasRow } = options;
  const logits = new Float64Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const dot = dotProduct({ operand, query, key, headDim: resolved.headDim });
    logits[i] = resolved.scale * dot + (biasRow?.[operand.keySources[key]!] ?? 0);
  }
  return logits;
}

/** q·k of one query and one key, both as they stand in the head's order. */
export function dotProduct(options: {
  operand: PreparedHead;
  query: number;
  key: number;
  headDim: number;
}): number {
  const { operand, headDim } = options;
  const { query, key } = operand;
  const queryStart = options.query * headDim;
  const keyStart = options.key * headDim;
  let dot = 0;
  for (let c = 0; c < headDim; c++) dot += query[queryStart + c]! * key[keyStart + c]!;
  return dot;
}

/** Σ softmax(logits) value, and the log of Σ exp(logits). */
function softmaxSum(options: {
  operand: PreparedHead;
  logits: Float64Array;
  keys: Uint32Array;
  headDim: number;
}): { sum: Float64Array; logSumExp: number } {
  const { operand, logits, keys, headDim } = options;
  const maximum = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(headDim);
  let total = 0;
  for (let i = 0; i < keys.length; i++) {
    const weight = Math.exp(logits[i]! - maximum);
    const start = keys[i]! * headDim;
    total += weight;
    for (let c = 0; c < headDim; c++) sum[c]! += weight * operand.value[start + c]!;
  }
  return { sum: sum.map((value) => value / total), logSumExp: maximum + Math.log(total) };
}
