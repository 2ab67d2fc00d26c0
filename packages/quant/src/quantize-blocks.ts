import { BLOCK_ROWS, type Blocks, blockStarts, rowCount } from "./block-starts.js";
import { channelScalesOf, divideChannels } from "./channel-scales.js";
import { groupScale, LARGEST_CODE, roundHalfEven, ZERO_GROUP_SCALE } from "./codes.js";
import { refuse } from "./errors.js";
import { checkMagnitudes } from "./magnitudes.js";
import type { Quantized, ScaleLayout } from "./quantized.js";

export interface QuantizeBlocksOptions {
  /** [rows, rowLength], such as [tokens, headDim] of one head; magnitudes up to 2^127. Rows of padding should be zero. */
  readonly data: Float32Array;
  /** Elements of one row. */
  readonly rowLength: number;
  /** 8: codes -127..127. 4: codes -7..7. Default: 8. */
  readonly bits?: 8 | 4;
  /** Default: 64 rows a block. 1 gives every token scales of its own. */
  readonly blocks?: Blocks;
  /** Default: `block`, for Q and K; `channelBlock` and `rank1` are for V. */
  readonly scaleLayout?: ScaleLayout;
  /** Of `rank1`, [rowLength], any positive numbers. Default: the largest magnitude of each channel, 1 where that is 0. */
  readonly channelScales?: Float32Array;
}

/**
 * Symmetric quantization with one scale a group (PAROAttention §4.3, after SageAttention). In float32, for a group whose
 * largest magnitude is `amax` and whose largest code is `qmax`: `scale = amax / qmax`, `code = rint(x * (qmax / amax))`, halves to
 * even. A group of zeros has the scale 1, and so has one whose scale would be below the smallest normal float32.
 * `rank1` does that to the blocks of `x * (1 / channelScale)`.
 *
 * Throws a `QuantError` where lengths do not fit, blocks do not cover the rows, or a number is NaN or out of range.
 *
 * @example
 * const { codes, scales } = quantizeBlocks({ data: Float32Array.of(-2, 1, 127, 0), rowLength: 2, blocks: 1 });
 * // codes -127 64 127 0 (63.5 is a tie), scales 2/127 1
 */
export function quantizeBlocks(options: QuantizeBlocksOptions): Quantized<Int8Array> {
  const { data, rowLength, bits = 8, scaleLayout = "block" } = options;
  const rows = rowCount(data.length, rowLength);
  if (bits !== 8 && bits !== 4) refuse("8 or 4 bits", bits);
  if (!["block", "channelBlock", "rank1"].includes(scaleLayout)) {
    refuse('"block", "channelBlock" or "rank1" for scaleLayout', scaleLayout);
  }
  checkMagnitudes(data, "in data");
  const starts = blockStarts(rows, options.blocks ?? BLOCK_ROWS);
  const largestCode = LARGEST_CODE[`s${bits}`];
  if (scaleLayout !== "rank1") {
    if (options.channelScales) refuse("channelScales with rank1 only", scaleLayout);
    const encoded = encodeGroups({ data, rowLength, starts, scaleLayout, largestCode });
    return { ...encoded, rowLength, starts, scaleLayout };
  }
  const channelScales = options.channelScales?.slice() ?? channelScalesOf(data, rowLength);
  const divided = divideChannels({ data, rowLength, channelScales });
  const encoded = encodeGroups({
    data: divided,
    rowLength,
    starts,
    scaleLayout: "block",
    largestCode,
  });
  return { ...encoded, rowLength, starts, scaleLayout, channelScales };
}

function encodeGroups(options: {
  data: Float32Array;
  rowLength: number;
  starts: Uint32Array;
  scaleLayout: "block" | "channelBlock";
  largestCode: number;
}): { codes: Int8Array; scales: Float32Array } {
  const { data, rowLength, starts, scaleLayout, largestCode } = options;
  const blocks = starts.length - 1;
  // The groups of a block: all of its elements, or every rowLength-th from each channel on.
  const groups = scaleLayout === "block" ? 1 : rowLength;
  const codes = new Int8Array(data.length);
  const scales = new Float32Array(blocks * groups);
  for (let block = 0; block < blocks; block++) {
    for (let group = 0; group < groups; group++) {
      const from = starts[block]! * rowLength + group;
      const to = starts[block + 1]! * rowLength;
      const scale = encodeGroup({ data, codes, from, to, step: groups, largestCode });
      scales[block * groups + group] = scale;
    }
  }
  return { codes, scales };
}

/** Writes the codes of the elements from, from + step, ... below `to` and returns their scale. */
function encodeGroup(options: {
  data: Float32Array;
  codes: Int8Array;
  from: number;
  to: number;
  step: number;
  largestCode: number;
}): number {
  const { data, codes, from, to, step, largestCode } = options;
  let amax = 0;
  for (let i = from; i < to; i += step) amax = Math.max(amax, Math.abs(data[i]!));
  const scale = groupScale(amax, largestCode);
  if (scale === undefined) return ZERO_GROUP_SCALE;
  // Times the reciprocal, not over the scale: it is what kernels can afford, and codes must be theirs bit by bit.
  const factor = Math.fround(largestCode / amax);
  for (let i = from; i < to; i += step) {
    codes[i] = roundHalfEven(Math.fround(data[i]! * factor));
  }
  return scale;
}
