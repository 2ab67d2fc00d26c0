import { type Quantized, quantizeBlocks, smoothKeys, tokenMean } from "@paroattn/quant";

/**
 * The numbers that codes stand for, in float64, which holds a code times its scale without rounding: products and sums
 * of them are the integer ones times the scales, as far as float64 goes.
 */
export function quantizedRows(
  /** [tokens, headDim] in the head's order; rows of keys that are not valid are zero. */
  rows: Float64Array,
  options: {
    readonly headDim: number;
    readonly bits: 8 | 4;
    /** Of the blocks of the partition, [blocks + 1]. */
    readonly starts: ArrayLike<number>;
    /** Default: one scale a block. */
    readonly scaleLayout?: "channelBlock" | "rank1" | undefined;
  },
): Float64Array {
  const { headDim, bits, starts, scaleLayout = "block" } = options;
  const data = Float32Array.from(rows);
  return decoded(quantizeBlocks({ data, rowLength: headDim, bits, blocks: starts, scaleLayout }));
}

/** Keys without their mean over the valid ones, in float32; and that mean. Both in sequence order. */
export function smoothed(
  keys: Float64Array,
  options: { readonly headDim: number; readonly length: number },
): { readonly keys: Float64Array; readonly mean: Float32Array } {
  const { headDim, length } = options;
  const data = Float32Array.from(keys);
  const tokens = Uint32Array.from({ length }, (_, token) => token);
  const mean = tokenMean({ data, rowLength: headDim, tokens });
  return { keys: Float64Array.from(smoothKeys({ keys: data, headDim, mean }).keys), mean };
}

/** Zeros from a row on: padding must not reach the scale of its block. In place. */
export function clearRows(rows: Float64Array, from: number, headDim: number): Float64Array {
  return rows.fill(0, from * headDim);
}

/** code * scale, with `rank1` times the channel's. */
export function decoded(quantized: Quantized): Float64Array {
  const { codes, rowLength, starts, scaleLayout, scales, channelScales } = quantized;
  const groups = scaleLayout === "channelBlock" ? rowLength : 1;
  const data = new Float64Array(codes.length);
  for (let block = 0; block < starts.length - 1; block++) {
    for (let i = starts[block]! * rowLength; i < starts[block + 1]! * rowLength; i++) {
      const channel = i % rowLength;
      const scale = scales[block * groups + (channel % groups)]!;
      data[i] = codes[i]! * scale * (channelScales?.[channel] ?? 1);
    }
  }
  return data;
}
