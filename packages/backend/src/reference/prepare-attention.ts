import { gatherIndices } from "@paroattn/reorder";
import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { AttentionPrecision, QueryKeyNorm, RotaryEmbedding } from "../attention-types.js";
import { codeBits } from "../operators/precision.js";
import type { ResolvedPrepareAttention } from "../operators/prepare-attention.js";
import { meanAndVariance, meanSquare } from "./norms.js";
import { clearRows, quantizedRows, smoothed } from "./quantize-operands.js";
import { roundTo } from "./round.js";

/** One head of one batch row, in its own token order. */
export interface PreparedHead {
  /** [queryTokens, headDim] */
  readonly query: Float64Array;
  /** [keyTokens, headDim] */
  readonly key: Float64Array;
  /** [keyTokens, headDim] */
  readonly value: Float64Array;
  /** Where each query (and each key) stood in the sequence. */
  readonly querySources: Uint32Array;
  readonly keySources: Uint32Array;
  /** [queryTokens], where a mean was taken off the keys: what that took from all logits of a query, scale * q·mean. */
  readonly logitShifts: Float64Array | undefined;
}

/** [batch * heads] */
export type PreparedAttention = readonly PreparedHead[];

/** What decides the operands beside the tensors. */
export type PreparedSizes = Pick<
  ResolvedPrepareAttention,
  | "batch"
  | "heads"
  | "keyValueHeads"
  | "queryTokens"
  | "keyTokens"
  | "headDim"
  | "layout"
  | "orders"
  | "precision"
  | "scale"
  | "keyLengths"
  | "queryPartition"
  | "keyPartition"
>;

export interface PrepareInputs {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly queryWeight: Tensor | undefined;
  readonly keyWeight: Tensor | undefined;
  readonly queryBias: Tensor | undefined;
  readonly keyBias: Tensor | undefined;
  readonly cos: Tensor | undefined;
  readonly sin: Tensor | undefined;
}

/**
 * Head by head: the norm, the rotary embedding, the rows in the head's order, the rounding to the products' precision. Codes are
 * kept as the numbers that they stand for.
 */
export function prepareAttention(options: {
  inputs: PrepareInputs;
  resolved: PreparedSizes;
  norm: Pick<QueryKeyNorm, "kind" | "epsilon"> | undefined;
  rope: Pick<RotaryEmbedding, "pairing"> | undefined;
}): PreparedAttention {
  const { inputs, resolved, norm, rope } = options;
  const { batch, heads, keyValueHeads, queryTokens, keyTokens, headDim } = resolved;
  const front = (rows: Float64Array, weight: Tensor | undefined, bias: Tensor | undefined) => {
    for (let token = 0; token * headDim < rows.length; token++) {
      const row = rows.subarray(token * headDim, (token + 1) * headDim);
      if (norm !== undefined) normalize(row, { norm, weight, bias });
      if (rope !== undefined) rotate(row, { inputs, token, pairing: rope.pairing });
    }
    return rows;
  };
  const prepared: PreparedHead[] = [];
  for (let row = 0; row < batch; row++) {
    const length = resolved.keyLengths?.[row] ?? keyTokens;
    for (let head = 0; head < heads; head++) {
      const keyValueHead = Math.floor(head / (heads / keyValueHeads));
      const query = headRows(inputs.query, { row, head, headDim });
      const key = headRows(inputs.key, { row, head: keyValueHead, headDim });
      const value = headRows(inputs.value, { row, head: keyValueHead, headDim });
      front(query, inputs.queryWeight, inputs.queryBias);
      front(key, inputs.keyWeight, inputs.keyBias);
      const querySources = sources(resolved, head, queryTokens);
      const keySources = sources(resolved, head, keyTokens);
      const centered = resolved.precision.keySmoothing
        ? smoothed(key, { headDim, length })
        : { keys: key, mean: undefined };
      const inOrder = {
        query: gatherRows(query, querySources, headDim),
        key: gatherRows(clearRows(centered.keys, length, headDim), keySources, headDim),
        value: gatherRows(clearRows(value, length, headDim), keySources, headDim),
      };
      prepared.push({
        ...operandsOf(inOrder, resolved),
        querySources,
        keySources,
        logitShifts: centered.mean && logitShifts(inOrder.query, centered.mean, resolved.scale),
      });
    }
  }
  return prepared;
}

type Rows = Pick<PreparedHead, "query" | "key" | "value">;

/** The rows as the products take them: in all their digits, rounded, or as codes stand for them. */
function operandsOf(rows: Rows, resolved: PreparedSizes): Rows {
  const { headDim, precision, queryPartition, keyPartition } = resolved;
  const { qk, pv, valueScale } = precision;
  const { starts } = keyPartition;
  return {
    query: operandOf(rows.query, qk, { headDim, starts: queryPartition.starts }),
    key: operandOf(rows.key, qk, { headDim, starts }),
    value: operandOf(rows.value, pv, { headDim, starts, scaleLayout: valueScale }),
  };
}

function operandOf(
  rows: Float64Array,
  type: AttentionPrecision["pv"],
  options: Omit<Parameters<typeof quantizedRows>[1], "bits">,
): Float64Array {
  const bits = codeBits(type);
  if (bits !== undefined) return quantizedRows(rows, { ...options, bits });
  return type === "f16" || type === "bf16" ? rows.map((value) => roundTo(type, value)) : rows;
}

/** scale * q·mean of each query. */
function logitShifts(query: Float64Array, mean: Float32Array, scale: number): Float64Array {
  const headDim = mean.length;
  return Float64Array.from({ length: query.length / headDim }, (_, token) => {
    const row = query.subarray(token * headDim, (token + 1) * headDim);
    return scale * row.reduce((sum, x, c) => sum + x * mean[c]!, 0);
  });
}

/** reordered[i] = sequence[sources[i]] */
function sources(resolved: PreparedSizes, head: number, tokens: number): Uint32Array {
  const { layout, orders } = resolved;
  if (layout === undefined || orders === undefined)
    return Uint32Array.from({ length: tokens }, (_, i) => i);
  return gatherIndices(layout, orders[head]!);
}

/** One head of a [batch, tokens, heads * headDim] projection: [tokens, headDim]. */
function headRows(
  projection: Tensor,
  options: { row: number; head: number; headDim: number },
): Float64Array {
  const { row, head, headDim } = options;
  const [, tokens, channels] = projection.shape as [number, number, number];
  const data = toFloat32(projection);
  const rows = new Float64Array(tokens * headDim);
  for (let token = 0; token < tokens; token++) {
    const start = (row * tokens + token) * channels + head * headDim;
    rows.set(data.subarray(start, start + headDim), token * headDim);
  }
  return rows;
}

function gatherRows(rows: Float64Array, indices: Uint32Array, headDim: number): Float64Array {
  const result = new Float64Array(rows.length);
  for (const [to, from] of indices.entries()) {
    result.set(rows.subarray(from * headDim, (from + 1) * headDim), to * headDim);
  }
  return result;
}

function normalize(
  row: Float64Array,
  options: {
    norm: Pick<QueryKeyNorm, "kind" | "epsilon">;
    weight: Tensor | undefined;
    bias: Tensor | undefined;
  },
): void {
  const { norm } = options;
  const weight = options.weight && toFloat32(options.weight);
  const bias = options.bias && toFloat32(options.bias);
  const { mean, variance } =
    norm.kind === "layer" ? meanAndVariance(row) : { mean: 0, variance: meanSquare(row) };
  for (let c = 0; c < row.length; c++) {
    const value = (row[c]! - mean) / Math.sqrt(variance + norm.epsilon);
    row[c] = value * (weight?.[c] ?? 1) + (bias?.[c] ?? 0);
  }
}

function rotate(
  row: Float64Array,
  options: { inputs: PrepareInputs; token: number; pairing: RotaryEmbedding["pairing"] },
): void {
  const { inputs, token, pairing } = options;
  const half = row.length / 2;
  for (let i = 0; i < half; i++) {
    const cos = inputs.cos!.data[token * half + i]!;
    const sin = inputs.sin!.data[token * half + i]!;
    const first = pairing === "interleaved" ? 2 * i : i;
    const second = pairing === "interleaved" ? 2 * i + 1 : i + half;
    const [a, b] = [row[first]!, row[second]!];
    row[first] = a * cos - b * sin;
    row[second] = a * sin + b * cos;
  }
}
