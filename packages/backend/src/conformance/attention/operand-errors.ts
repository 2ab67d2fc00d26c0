import { partitionTokens } from "@paroattn/reorder";
import type { FloatDType } from "../../device-tensor.js";
import { prepareAttention } from "../../reference/prepare-attention.js";
import { roundTo } from "../../reference/round.js";
import { FUNCTION_ROUNDINGS, sumRoundoff, UNIT_ROUNDOFF } from "../tolerance.js";
import { type AttentionInputs, NORM_EPSILON } from "./inputs.js";
import { centerErrorOfEntry, largestValue } from "./magnitudes.js";

/** Per row of one head's queries (or keys), in sequence order. */
export interface OperandRows {
  /** |q| of the rounded row. */
  readonly lengths: Float64Array;
  /** By how much, as a length, another right rounding of the row may differ. */
  readonly errors: Float64Array;
}

/**
 * What a front in f32 may make of queries and keys that are rounded to a dtype, by [batch * heads]. Without norm
 * and rotation the numbers are rounded as they came, and there is one right result. With them, a number that lies closer
 * to the middle between two neighbours of the dtype than f32 can tell may go either way, which is one unit; all others
 * are rounded alike.
 */
export function operandErrors(
  inputs: AttentionInputs,
  dtype: FloatDType,
): readonly { readonly query: OperandRows; readonly key: OperandRows }[] {
  const { spec, batch, queryTokens, keyTokens, keyValueHeads, normTensors } = inputs;
  const { heads, headDim, norm, rope } = spec;
  const exact = prepareAttention({
    inputs: {
      query: inputs.query,
      key: inputs.key,
      value: inputs.value,
      queryWeight: normTensors.queryWeight,
      keyWeight: normTensors.keyWeight,
      queryBias: normTensors.queryBias,
      keyBias: normTensors.keyBias,
      cos: inputs.cos,
      sin: inputs.sin,
    },
    resolved: {
      ...{ batch, heads, keyValueHeads, queryTokens, keyTokens, headDim },
      layout: undefined,
      orders: undefined,
      keyLengths: undefined,
      queryPartition: partitionTokens(queryTokens),
      keyPartition: partitionTokens(keyTokens),
      scale: 1,
      precision: { qk: "f32", pv: "f32" },
    },
    norm: norm && { kind: norm, epsilon: NORM_EPSILON },
    rope: rope && { pairing: rope },
  });
  const relative =
    (norm ? FUNCTION_ROUNDINGS * UNIT_ROUNDOFF + sumRoundoff(headDim) : 0) +
    (rope ? 4 * UNIT_ROUNDOFF : 0);
  const rowsOf = (side: "query" | "key", values: Float64Array): OperandRows => {
    const offset =
      centerErrorOfEntry(inputs, side) + relative * largestValue(normTensors[`${side}Bias`]);
    const rows = values.length / headDim;
    const lengths = new Float64Array(rows);
    const errors = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      let squares = 0;
      let squaredErrors = 0;
      for (let c = 0; c < headDim; c++) {
        const value = values[row * headDim + c]!;
        const magnitude = rope
          ? Math.SQRT2 * Math.hypot(value, values[row * headDim + partner(c, headDim, rope)]!)
          : Math.abs(value);
        const error = relative * magnitude + (rope ? 2 : 1) * offset;
        const rounded = roundTo(dtype, value);
        squares += rounded ** 2;
        if (error === 0) continue;
        const up = roundTo(dtype, value + error) - rounded;
        const down = rounded - roundTo(dtype, value - error);
        squaredErrors += Math.max(up, down) ** 2;
      }
      lengths[row] = Math.sqrt(squares);
      errors[row] = Math.sqrt(squaredErrors);
    }
    return { lengths, errors };
  };
  return exact.map(({ query, key }) => ({
    query: rowsOf("query", query),
    key: rowsOf("key", key),
  }));
}

/** The other channel of a rotated pair. */
function partner(channel: number, headDim: number, pairing: "interleaved" | "half"): number {
  return pairing === "interleaved" ? channel ^ 1 : (channel + headDim / 2) % headDim;
}
