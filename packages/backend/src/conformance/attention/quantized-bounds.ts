import { LARGEST_CODE, roundHalfEven } from "@paroattn/quant";
import type { Backend } from "../../backend.js";
import { inferMask } from "../../operators/mask.js";
import { codeBits } from "../../operators/precision.js";
import { liveTiles, logitsOf } from "../../reference/attention.js";
import { outcomeOf } from "../../reference/commands.js";
import { ReferenceOperands } from "../../reference/handles.js";
import { quantizedEntries, tiledSums, type WeighTile } from "../../reference/tiled-softmax.js";
import { FUNCTION_ROUNDINGS, sumRoundoff, UNIT_ROUNDOFF } from "../tolerance.js";
import type { AttentionBounds } from "./bounds-type.js";
import { type AttentionInputs, prepare } from "./inputs.js";
import { largestValue, longestRow } from "./magnitudes.js";

type Quantized = Pick<AttentionBounds, "output" | "logSumExp">;

/**
 * The bounds of attention in codes. Sums of products of codes are integers, the same on every backend; what remains is
 * their scaling in f32, exp, the sums over the tiles, and the codes of the softmax map: an entry that f32 cannot tell from
 * the middle between two codes may get either, which moves the output by the scale times the value.
 */
export async function quantizedBounds(
  inputs: AttentionInputs,
  reference: Backend,
): Promise<Quantized> {
  const scope = reference.scope();
  try {
    const operands = prepare(scope, inputs);
    await scope.flush();
    if (!(operands instanceof ReferenceOperands)) throw new Error("expected the reference backend");
    return boundsOf(inputs, operands);
  } finally {
    scope.dispose();
  }
}

function boundsOf(inputs: AttentionInputs, operands: ReferenceOperands): Quantized {
  const { resolved } = operands;
  const { batch, heads, headDim, queryTokens, keyTokens, queryPartition, precision } = resolved;
  const mask = inputs.masks && inferMask(inputs.masks);
  const { probabilityGroup: group = "tile", probabilityRange: range } = precision;
  const exactLogits = codeBits(precision.qk) !== undefined;
  const largestBias = largestValue(inputs.bias);
  const ofFunctions = FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
  const ofSums = sumRoundoff(keyTokens);
  const scale = Math.abs(resolved.scale);
  // The shift is a sum of products of queries and the keys' mean.
  const ofShift = precision.keySmoothing
    ? (sumRoundoff(headDim) + 2 * UNIT_ROUNDOFF) *
      scale *
      longestRow(inputs, "query") *
      longestRow(inputs, "key")
    : 0;
  const output = new Float64Array(batch * queryTokens * heads * headDim);
  const logSumExp = new Float64Array(batch * heads * queryTokens);
  for (const [index, operand] of outcomeOf(operands).entries()) {
    const [row, head] = [Math.floor(index / heads), index % heads];
    const magnitudes = operand.value.map(Math.abs);
    const largest = scale * longest(operand.query, headDim) * longest(operand.key, headDim);
    const roundings = exactLogits ? 4 * UNIT_ROUNDOFF : sumRoundoff(headDim) + 2 * UNIT_ROUNDOFF;
    const logit = roundings * (largest + largestBias);
    // Of an entry, and of the largest one that the scale is made of.
    const edge = range && edgeOf(group, LARGEST_CODE[range], 2 * (2 * logit + ofFunctions));
    for (let queryBlock = 0; queryBlock < queryPartition.blocks; queryBlock++) {
      const tiles = liveTiles({ operand, resolved, mask, row, head, queryBlock });
      const first = queryPartition.starts[queryBlock]!;
      const count = queryPartition.starts[queryBlock + 1]! - first;
      const logits = Array.from({ length: count }, (_, i) => {
        const query = first + i;
        const at = (head * queryTokens + operand.querySources[query]!) * keyTokens;
        const biasRow = inputs.bias?.data.subarray(at);
        return logitsOf({ operand, resolved, query, keys: tiles.keys, biasRow });
      });
      const sumsWith = (weigh: WeighTile) =>
        tiledSums({ logits, tiles, group, weigh, value: magnitudes, headDim });
      const whole = sumsWith(range ? quantizedEntries(group, range) : (entries) => entries);
      const loose = edge && sumsWith(edge);
      for (const [i, sums] of whole.entries()) {
        const divisor = range && group === "tileRow" ? sums.weights : sums.entries;
        const ofEdge = loose?.[i];
        const ofDivisor = group === "tileRow" ? (ofEdge?.weights ?? 0) / divisor : 0;
        const relative = 4 * logit + 2 * ofFunctions + 2 * ofSums + ofDivisor;
        const to = (row * heads + head) * queryTokens + operand.querySources[first + i]!;
        const factor = Math.abs(inputs.rowScale?.data[to] ?? 1);
        logSumExp[to] = logit + ofFunctions + ofSums + ofDivisor + ofShift;
        const start =
          ((row * queryTokens + operand.querySources[first + i]!) * heads + head) * headDim;
        for (let c = 0; c < headDim; c++) {
          const magnitude = sums.values[c]! / divisor;
          const flips = (ofEdge?.values[c] ?? 0) / divisor;
          const added = factor * magnitude + Math.abs(inputs.residual?.data[start + c] ?? 0);
          output[start + c] =
            factor * (relative * magnitude + (1 + relative) * flips) + 2 * UNIT_ROUNDOFF * added;
        }
      }
    }
  }
  return {
    output: (index) => output[index]!,
    logSumExp: (index, total) => logSumExp[index]! + 2 * UNIT_ROUNDOFF * Math.abs(total),
  };
}

/** By how much an entry's code times its scale may differ, given the relative error of the entry over the scale. */
function edgeOf(group: "tile" | "tileRow" | "row", largestCode: number, error: number): WeighTile {
  return (entries, keys) => {
    const whole = entries.reduce((a, b) => Math.max(a, b), 0);
    return entries.map((entry, i) => {
      const row = Math.floor(i / keys) * keys;
      const largest =
        group === "tile"
          ? whole
          : entries.subarray(row, row + keys).reduce((a, b) => Math.max(a, b), 0);
      if (largest === 0) return 0;
      const code = (entry / largest) * largestCode;
      const steps = roundHalfEven(code * (1 + error)) - roundHalfEven(code * (1 - error));
      return (steps * largest) / largestCode;
    });
  };
}

/** The largest length of a row. */
function longest(rows: Float64Array, headDim: number): number {
  let most = 0;
  for (let start = 0; start < rows.length; start += headDim) {
    let squares = 0;
    for (let c = 0; c < headDim; c++) squares += rows[start + c]! ** 2;
    most = Math.max(most, squares);
  }
  return Math.sqrt(most);
}
