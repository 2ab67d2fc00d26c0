import { blockStarts, rowCount } from "./block-starts.js";
import { groupScale, LARGEST_CODE, roundHalfEven, ZERO_GROUP_SCALE } from "./codes.js";
import { refuse } from "./errors.js";
import { checkMagnitudes } from "./magnitudes.js";
import type { Quantized } from "./quantized.js";

/**
 * `tile`: one scale for a tile of the softmax map (PAROAttention §4.3). `tileRow`: one for each row of the tile. `row`: one for
 * a row of the whole map, which is what the paper compares its blocks with; it needs the row's maximum beforehand.
 */
export type ProbabilityGroup = "tile" | "tileRow" | "row";

/** The range of the codes of softmax weights; see `CodeRange`. */
export type ProbabilityRange = "u7" | "u8" | "u4";

export interface QuantizeProbabilitiesOptions {
  /**
   * One tile of P̃ = exp(S - m), [queries, keys]: finite, 0 or more, and 0 where an entry is not valid. With `tile` m is the
   * running maximum of the row, this tile included; with `tileRow` the row's maximum in this tile, so that its largest
   * code is the largest of the range. With `row` the tile is the whole row of all keys, and m its maximum.
   */
  readonly probabilities: Float32Array | Float64Array;
  /** Keys of the tile. */
  readonly rowLength: number;
  /** Default: `tile`. */
  readonly group?: ProbabilityGroup;
  /** Default: `u7`. */
  readonly range?: ProbabilityRange;
}

/**
 * Codes of one tile of softmax weights (PAROAttention §4.3). For a group with scale `s = max P̃ / largest code`:
 * `code = roundHalfEven(P̃ / s)`, as the real numbers have it, which kernels come near; `s` is stored in float32. A group
 * of zeros has the scale 1, and so has one whose scale would be below the smallest normal float32; a kernel skips both.
 * `dequantize` takes the result: one block, or one a row.
 *
 * Throws a `QuantError` where lengths do not fit, a weight is NaN, negative or out of range, or a choice is unknown.
 *
 * @example
 * const probabilities = Float32Array.of(1, 0.5, 0.25, 0);
 * quantizeProbabilities({ probabilities, rowLength: 2 }).codes; // 127 64 32 0
 * quantizeProbabilities({ probabilities, rowLength: 2, group: "tileRow" }).codes; // 127 64 127 0
 */
export function quantizeProbabilities(
  options: QuantizeProbabilitiesOptions,
): Quantized<Uint8Array> {
  const { probabilities, rowLength, group = "tile", range = "u7" } = options;
  const rows = rowCount(probabilities.length, rowLength);
  if (!["tile", "tileRow", "row"].includes(group)) {
    refuse('"tile", "tileRow" or "row" for group', group);
  }
  if (!["u7", "u8", "u4"].includes(range)) refuse('"u7", "u8" or "u4" for range', range);
  checkMagnitudes(probabilities, "in probabilities");
  const negative = probabilities.findIndex((p) => p < 0);
  if (negative >= 0) refuse("probabilities of 0 or more", probabilities[negative]);
  const starts = blockStarts(rows, group === "tile" ? rows : 1);
  const codes = new Uint8Array(probabilities.length);
  const scales = new Float32Array(starts.length - 1).fill(ZERO_GROUP_SCALE);
  for (const block of scales.keys()) {
    const [from, to] = [starts[block]! * rowLength, starts[block + 1]! * rowLength];
    let maximum = 0;
    for (let i = from; i < to; i++) maximum = Math.max(maximum, probabilities[i]!);
    const largestCode = LARGEST_CODE[range];
    const scale = groupScale(maximum, largestCode);
    if (scale === undefined) continue;
    scales[block] = scale;
    for (let i = from; i < to; i++) {
      codes[i] = roundHalfEven((probabilities[i]! * largestCode) / maximum);
    }
  }
  return { codes, rowLength, starts, scaleLayout: "block", scales };
}
