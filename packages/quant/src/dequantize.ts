import { blockStarts, rowCount } from "./block-starts.js";
import { refuse } from "./errors.js";
import type { Quantized } from "./quantized.js";

/**
 * The numbers that codes stand for, [rows, rowLength]: code * scale in float32, and that times the channel's with `rank1`.
 * Throws a `QuantError` where the lengths of codes, starts and scales do not fit each other.
 */
export function dequantize(quantized: Quantized): Float32Array {
  const { codes, rowLength, scaleLayout, scales, channelScales } = quantized;
  const rows = rowCount(codes.length, rowLength);
  const starts = blockStarts(rows, quantized.starts);
  const groups = scaleLayout === "channelBlock" ? rowLength : 1;
  const expected = (starts.length - 1) * groups;
  if (scales.length !== expected) refuse(`${expected} scales`, scales.length);
  if ((scaleLayout === "rank1" ? rowLength : undefined) !== channelScales?.length) {
    refuse(`channelScales with rank1 only, one a channel,`, channelScales?.length ?? "none");
  }
  const data = new Float32Array(codes.length);
  for (let block = 0; block < starts.length - 1; block++) {
    for (let i = starts[block]! * rowLength; i < starts[block + 1]! * rowLength; i++) {
      const channel = i % rowLength;
      const scaled = Math.fround(codes[i]! * scales[block * groups + (channel % groups)]!);
      data[i] = scaled * (channelScales?.[channel] ?? 1);
    }
  }
  return data;
}
