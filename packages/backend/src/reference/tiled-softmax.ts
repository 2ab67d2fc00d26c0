import { quantizeProbabilities } from "@paroattn/quant";
import type { AttentionPrecision } from "../attention-types.js";
import { decoded } from "./quantize-operands.js";

/** The live valid keys of a query block, tile by tile. */
export interface LiveTiles {
  /** As they stand in the head's order, ascending. */
  readonly keys: Uint32Array;
  /** Where each live key block starts among `keys`, and their number: [tiles + 1]. */
  readonly starts: readonly number[];
}

export type ProbabilityGroup = NonNullable<AttentionPrecision["probabilityGroup"]>;

/** What a tile of softmax entries counts with: of [rows, keys] entries exp(logit - reference) the numbers that meet the values. */
export type WeighTile = (entries: Float64Array, keys: number) => Float64Array;

/** Of one query row, relative to exp(maximum). */
export interface RowSums {
  readonly maximum: number;
  /** Of the entries as they are. */
  readonly entries: number;
  /** Of the weights. */
  readonly weights: number;
  /** Of the weights times the values, [headDim]. */
  readonly values: Float64Array;
}

/** Entries as the codes that stand for them (PAROAttention §4.3). */
export function quantizedEntries(
  group: ProbabilityGroup,
  range: NonNullable<AttentionPrecision["probabilityRange"]>,
): WeighTile {
  return (probabilities, rowLength) =>
    decoded(quantizeProbabilities({ probabilities, rowLength, group, range }));
}

/**
 * The sums of the rows of a query block, over its tiles in ascending order. What an entry is relative to: with `tile` the
 * row's maximum so far, this tile included; with `tileRow` its maximum in the tile; with `row` its maximum over all tiles,
 * which then are one.
 */
export function tiledSums(options: {
  /** Of each row, over `tiles.keys`. */
  readonly logits: readonly Float64Array[];
  readonly tiles: LiveTiles;
  readonly group: ProbabilityGroup;
  readonly weigh: WeighTile;
  /** [keyTokens, headDim] */
  readonly value: Float64Array;
  readonly headDim: number;
}): RowSums[] {
  const { logits, tiles, group, weigh, value, headDim } = options;
  const starts = group === "row" ? [0, tiles.keys.length] : tiles.starts;
  let sums: RowSums[] = logits.map(() => ({
    maximum: Number.NEGATIVE_INFINITY,
    entries: 0,
    weights: 0,
    values: new Float64Array(headDim),
  }));
  for (let tile = 0; tile < starts.length - 1; tile++) {
    const keys = tiles.keys.subarray(starts[tile], starts[tile + 1]);
    if (keys.length === 0) continue;
    const parts = logits.map((row) => row.subarray(starts[tile], starts[tile + 1]));
    const references = parts.map((part, row) => {
      const inTile = part.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
      return group === "tileRow" ? inTile : Math.max(inTile, sums[row]!.maximum);
    });
    const entries = Float64Array.from(
      parts.flatMap((part, row) => Array.from(part, (x) => Math.exp(x - references[row]!))),
    );
    const weights = weigh(entries, keys.length);
    sums = sums.map((sum, row) => {
      const range = [row * keys.length, (row + 1) * keys.length] as const;
      const ofRow = weights.subarray(...range);
      const added = {
        maximum: references[row]!,
        entries: total(entries.subarray(...range)),
        weights: total(ofRow),
        values: weightedValues({ weights: ofRow, keys, value, headDim }),
      };
      return merged(sum, added);
    });
  }
  return sums;
}

/** The sums of two sets of keys, relative to the larger maximum. */
function merged(a: RowSums, b: RowSums): RowSums {
  const maximum = Math.max(a.maximum, b.maximum);
  const [ofA, ofB] = [Math.exp(a.maximum - maximum), Math.exp(b.maximum - maximum)];
  return {
    maximum,
    entries: ofA * a.entries + ofB * b.entries,
    weights: ofA * a.weights + ofB * b.weights,
    values: a.values.map((x, c) => ofA * x + ofB * b.values[c]!),
  };
}

function weightedValues(options: {
  weights: Float64Array;
  keys: Uint32Array;
  value: Float64Array;
  headDim: number;
}): Float64Array {
  const { weights, keys, value, headDim } = options;
  const sum = new Float64Array(headDim);
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue;
    const start = keys[i]! * headDim;
    for (let c = 0; c < headDim; c++) sum[c]! += weight * value[start + c]!;
  }
  return sum;
}

function total(numbers: Float64Array): number {
  return numbers.reduce((sum, x) => sum + x, 0);
}
