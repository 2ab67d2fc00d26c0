import type { AxisOrder, TokenLayout } from "@paroattn/reorder";
import type { DeviceTensor, FloatDType } from "./device-tensor.js";

/**
 * Arithmetic of the two matrix products of attention. A backend refuses what it cannot execute.
 *
 * f16 and bf16 name the type of the products' operands: queries, keys and values are rounded to it once, to the nearest
 * and halves to even, queries and keys after their norm and rotation; the entries of the softmax map may be rounded to it
 * before they meet the values, but are summed unrounded. Sums and everything else are f32.
 *
 * int8 and int4 name codes with scales (PAROAttention §4.3): operands are quantized block by block, after norm, rotation
 * and reorder, and the products of codes are summed as integers. The choices below say how; `@paroattn/quant` defines the codes.
 */
export interface AttentionPrecision {
  readonly qk: "f32" | "f16" | "bf16" | "int8" | "int4";
  readonly pv: "f32" | "f16" | "bf16" | "int8" | "int4" | "fp8";
  /**
   * With int8 or int4 values: which entries of the softmax map share a scale. `tile`: a 64x64 tile (the paper). `tileRow`: a
   * row of a tile; the output is then divided by the sum of the codes, elsewhere by that of the entries. `row`: a row of
   * the whole map over all its live keys, the control that the paper compares with; it needs the row's maximum beforehand.
   * Default: `tile`.
   */
  readonly probabilityGroup?: "tile" | "tileRow" | "row";
  /** With int8 or int4 values: codes of the map, 0..127, 0..255 (int8) or 0..15 (int4). Default: `u7`, with int4 `u4`. */
  readonly probabilityRange?: "u7" | "u8" | "u4";
  /** With int8 or int4 values: a scale per channel and block, or the product of one per channel and one per block. Default: `channelBlock`. */
  readonly valueScale?: "channelBlock" | "rank1";
  /** With int8 or int4 queries and keys: whether the mean of the valid keys is taken off the keys first. Default: true. */
  readonly keySmoothing?: boolean;
}

/**
 * How a backend executes a precision. `native`: in the arithmetic that it names. `simulated`: the same numbers, computed
 * in wider floats, so that its times say nothing of that arithmetic.
 */
export type Arithmetic = "native" | "simulated";

/** Normalisation of queries and keys before the rotary embedding, over each head's channels. */
export interface QueryKeyNorm {
  readonly kind: "rms" | "layer";
  /** Added to the mean square (or variance). */
  readonly epsilon: number;
  /** Scales, [headDim] f32; none by default. */
  readonly queryWeight?: DeviceTensor;
  readonly keyWeight?: DeviceTensor;
  /** Offsets, [headDim] f32, for `layer` only; none by default. */
  readonly queryBias?: DeviceTensor;
  readonly keyBias?: DeviceTensor;
}

/**
 * Rotary embedding: pair (a, b) becomes (a cos - b sin, a sin + b cos).
 * Tables are f32 [tokens, headDim / 2] in sequence order; text tokens have cos 1 and sin 0.
 */
export interface RotaryEmbedding {
  readonly cos: DeviceTensor;
  readonly sin: DeviceTensor;
  /** `interleaved` pairs channels (2i, 2i + 1); `half` pairs (i, i + headDim / 2). */
  readonly pairing: "interleaved" | "half";
}

export interface PrepareAttentionOptions {
  /** Projections in sequence order: [batch, queryTokens, heads * headDim]. f32, f16 or bf16, all three alike. */
  readonly query: DeviceTensor;
  /** [batch, keyTokens, keyValueHeads * headDim]. */
  readonly key: DeviceTensor;
  /** [batch, keyTokens, keyValueHeads * headDim]. */
  readonly value: DeviceTensor;
  readonly heads: number;
  /** Heads of key and value; a divisor of `heads` (grouped queries). Default: `heads`. */
  readonly keyValueHeads?: number;
  readonly headDim: number;
  /**
   * The layout of the sequence, for self-attention over visual tokens (queryTokens = keyTokens = its tokens).
   * It decides the block partition: text and grid each start a new block. Without it the whole sequence is one run.
   */
  readonly layout?: TokenLayout;
  /** One axis order per head; needs `layout`. Default: sequence order for every head. */
  readonly orders?: readonly AxisOrder[];
  readonly norm?: QueryKeyNorm;
  /** Needs queryTokens = keyTokens. */
  readonly rope?: RotaryEmbedding;
  /** Valid keys per batch row, counted from the start of the sequence (padded text). At least 1 each. Default: all. */
  readonly keyLengths?: readonly number[];
  /** Factor of the logits. Default: 1 / sqrt(headDim). */
  readonly scale?: number;
  /** Default: f32 for both. */
  readonly precision?: AttentionPrecision;
  /** A name under which this call and the attention on its operands are timed, such as "self". */
  readonly label?: string;
}

/**
 * What `prepareAttention` made: normalised, rotated, reordered, packed operands, owned by the backend and opaque.
 * Serves any number of `attention` and `blockStatistics` calls.
 */
export interface AttentionOperands {
  readonly batch: number;
  readonly heads: number;
  readonly headDim: number;
  /** Of the projections; `attention`'s output and residual have it too. */
  readonly dtype: FloatDType;
  readonly queryTokens: number;
  readonly keyTokens: number;
  /** Blocks of 64 (and ragged tails) on the query side and on the key side. */
  readonly queryBlocks: number;
  readonly keyBlocks: number;
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A block mask with the host's work done once: live-block lists, order of work. Opaque. */
export interface DeviceMask {
  /** 1 (shared by all batch rows) or the batch. */
  readonly batch: number;
  readonly heads: number;
  readonly queryBlocks: number;
  readonly keyBlocks: number;
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface AttentionOptions {
  readonly operands: AttentionOperands;
  /** Blocks to compute. Default: all. A query row with no live valid key is an error. */
  readonly mask?: DeviceMask;
  /** Added to the scaled logits: f32 [heads, queryTokens, keyTokens], in sequence order (T5's relative positions). */
  readonly bias?: DeviceTensor;
  /** out = rowScale * softmax(..) V + residual. f32 [batch, heads, queryTokens], in sequence order. */
  readonly rowScale?: DeviceTensor;
  /** [batch, queryTokens, heads * headDim] of the projections' dtype, in sequence order. */
  readonly residual?: DeviceTensor;
  /** Default: false. */
  readonly returnLogSumExp?: boolean;
}

export interface AttentionResult {
  /** [batch, queryTokens, heads * headDim] of the projections' dtype, in sequence order; rounded to it once. */
  readonly output: DeviceTensor;
  /**
   * With `returnLogSumExp`: natural log of the sum of exp of the true logits over the computed keys, f32 [batch, heads, queryTokens],
   * in sequence order. Smoothing of the keys does not show in it. With `tileRow` the sum is that of the codes, which divides
   * the output.
   */
  readonly logSumExp?: DeviceTensor;
}

export interface BlockStatisticsOptions {
  /** Prepared with the orders to be judged. */
  readonly operands: AttentionOperands;
  /** From `attention` with `returnLogSumExp` and no mask, f32 [batch, heads, queryTokens]. It does not depend on the orders. */
  readonly logSumExp: DeviceTensor;
  /** Entries of the softmax map below this are counted as small. */
  readonly epsilon: number;
}

/** Per 64x64 tile of the softmax map, each [batch, heads, queryBlocks, keyBlocks], f32. Only valid entries count. */
export interface BlockStatistics {
  readonly sum: DeviceTensor;
  readonly maximum: DeviceTensor;
  /** Valid entries below epsilon. */
  readonly smallCount: DeviceTensor;
}
