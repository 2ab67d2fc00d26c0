import { type Tensor, toFloat32 } from "@paroattn/tensor";
import { isLive, type ResolvedMask } from "../operators/mask.js";
import type { ResolvedPrepareAttention } from "../operators/prepare-attention.js";
import type { PreparedAttention, PreparedHead } from "./prepare-attention.js";
import type { Pause } from "./stream.js";
import { type LiveTiles, quantizedEntries, tiledSums } from "./tiled-softmax.js";

export interface AttentionOutputs {
  /** [batch, queryTokens, heads * headDim], not yet rounded to its dtype. */
  readonly output: Float64Array;
  /** [batch, heads, queryTokens] */
  readonly logSumExp: Float32Array;
}

/** One query block at a time: logits of the live valid keys, softmax, weighted sum of the values. */
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
        const tiles = liveTiles({ operand, resolved, mask, row, head, queryBlock });
        const first = queryPartition.starts[queryBlock]!;
        const logits: Float64Array[] = [];
        for (let query = first; query < queryPartition.starts[queryBlock + 1]!; query++) {
          if (pause.due()) await pause.take();
          const biasRow = bias?.subarray(
            (head * queryTokens + operand.querySources[query]!) * keyTokens,
          );
          logits.push(logitsOf({ operand, resolved, query, keys: tiles.keys, biasRow }));
        }
        const attended = softmaxSums({ operand, resolved, tiles, logits });
        for (const [index, { sum, logSumExp: total }] of attended.entries()) {
          const sequenceQuery = operand.querySources[first + index]!;
          const to = (row * heads + head) * queryTokens + sequenceQuery;
          logSumExp[to] = total + (operand.logitShifts?.[first + index] ?? 0);
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

/** The keys (as they stand in the head's order) that a query block attends to, by key block. */
export function liveTiles(options: {
  operand: PreparedHead;
  resolved: ResolvedPrepareAttention;
  mask: ResolvedMask | undefined;
  row: number;
  head: number;
  queryBlock: number;
}): LiveTiles {
  const { operand, resolved, mask, row, head, queryBlock } = options;
  const { keyPartition, keyLengths, keyTokens } = resolved;
  const length = keyLengths?.[row] ?? keyTokens;
  const bits = mask?.masks[mask.batch === 1 ? 0 : row];
  const keys: number[] = [];
  const starts = [0];
  for (let keyBlock = 0; keyBlock < keyPartition.blocks; keyBlock++) {
    if (bits !== undefined && !isLive(bits, { head, queryBlock, keyBlock })) continue;
    const end = keyPartition.starts[keyBlock + 1]!;
    for (let key = keyPartition.starts[keyBlock]!; key < end; key++) {
      if (operand.keySources[key]! < length) keys.push(key);
    }
    starts.push(keys.length);
  }
  return { keys: Uint32Array.from(keys), starts };
}

/** scale * q·k (+ bias), for the given keys. `biasRow` starts at the query's row and is in sequence order. */
export function logitsOf(options: {
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

interface Attended {
  /** Σ softmax(logits) value, [headDim] */
  readonly sum: Float64Array;
  /** The log of Σ exp(logits). */
  readonly logSumExp: number;
}

/** Of the rows of a query block. */
function softmaxSums(options: {
  operand: PreparedHead;
  resolved: ResolvedPrepareAttention;
  tiles: LiveTiles;
  logits: readonly Float64Array[];
}): Attended[] {
  const { operand, resolved, tiles, logits } = options;
  const { headDim, precision } = resolved;
  const { probabilityGroup: group, probabilityRange: range } = precision;
  if (group === undefined || range === undefined) {
    return logits.map((row) => softmaxSum({ operand, logits: row, keys: tiles.keys, headDim }));
  }
  const weigh = quantizedEntries(group, range);
  return tiledSums({ logits, tiles, group, weigh, value: operand.value, headDim }).map((row) => {
    // With `tileRow` the weights' own sum: values that are all alike come out as they are.
    const divisor = group === "tileRow" ? row.weights : row.entries;
    return {
      sum: row.values.map((value) => value / divisor),
      logSumExp: row.maximum + Math.log(divisor),
    };
  });
}

function softmaxSum(options: {
  operand: PreparedHead;
  logits: Float64Array;
  keys: Uint32Array;
  headDim: number;
}): Attended {
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
