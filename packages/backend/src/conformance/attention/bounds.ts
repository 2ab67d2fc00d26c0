import type { Tensor } from "@paroattn/tensor";
import { meanAndVariance } from "../../reference/norms.js";
import { FUNCTION_ROUNDINGS, sumRoundoff, UNIT_ROUNDOFF } from "../tolerance.js";
import { type AttentionInputs, NORM_EPSILON } from "./inputs.js";

/** What rounding may do to one attention. */
export interface AttentionBounds {
  /** Absolute error of a logit. */
  readonly logit: number;
  /** Relative error of an entry of the softmax map whose log-sum-exp is given. */
  readonly entry: number;
  /** Absolute error of the log-sum-exp. */
  readonly logSumExp: (value: number) => number;
  /** Absolute error of softmax(..) V, by index of the output. */
  readonly output: (index: number) => number;
}

/**
 * To first order. A logit is a sum of headDim products of magnitude at most scale |q| |k| (Cauchy and Schwarz), plus the bias.
 * Its error multiplies an entry of the softmax map by about 1 + 2 error (numerator and denominator);
 * exp and the sums over the keys add theirs. What a layer norm's mean loses moves a whole row. The entries weigh values of at most max |v| in a head's channel.
 */
export function attentionBounds(inputs: AttentionInputs): AttentionBounds {
  const { spec, batch, queryTokens, keyTokens, keyValueHeads, value } = inputs;
  const { heads, headDim } = spec;
  const scale = Math.abs(spec.scale ?? 1 / Math.sqrt(headDim));
  const [longestQuery, longestKey] = [longestRow(inputs, "query"), longestRow(inputs, "key")];
  const largest = scale * longestQuery * longestKey + largestValue(inputs.bias);
  const centers =
    scale * (centerError(inputs, "query") * longestKey + longestQuery * centerError(inputs, "key"));
  // The front rounds queries and keys: their norms, their rotations, their storage.
  const front = (spec.norm ? FUNCTION_ROUNDINGS : 0) + (spec.rope ? 4 : 0);
  const logit = (sumRoundoff(headDim) + front * UNIT_ROUNDOFF) * largest + centers;
  const ofFunctions = FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
  const ofSums = sumRoundoff(keyTokens);
  const relative = 2 * logit + ofFunctions + ofSums;
  const largestValues = largestPerChannel(value, batch);
  const { rowScale, residual } = inputs;
  return {
    logit,
    entry: 2 * logit + ofFunctions + 2 * UNIT_ROUNDOFF * largest,
    logSumExp: (total) => logit + ofFunctions + ofSums + 2 * UNIT_ROUNDOFF * Math.abs(total),
    output: (index) => {
      const channel = index % (heads * headDim);
      const head = Math.floor(channel / headDim);
      const row = Math.floor(index / (heads * headDim));
      const batchRow = Math.floor(row / queryTokens);
      const keyValueHead = Math.floor(head / (heads / keyValueHeads));
      const channels = keyValueHeads * headDim;
      const v = largestValues[batchRow * channels + keyValueHead * headDim + (channel % headDim)]!;
      const factor = rowScale?.data[(batchRow * heads + head) * queryTokens + (row % queryTokens)];
      const scaled = Math.abs(factor ?? 1) * v;
      const added = residual === undefined ? 0 : scaled + Math.abs(residual.data[index]!);
      return relative * scaled + 2 * UNIT_ROUNDOFF * added;
    },
  };
}

/** The largest |q| or |k| of a head, after the norm; a rotation does not change it. */
function longestRow(inputs: AttentionInputs, side: "query" | "key"): number {
  const { spec } = inputs;
  const { headDim } = spec;
  if (spec.norm !== undefined) {
    const weight = largestValue(inputs.normTensors[`${side}Weight`], 1);
    const bias = largestValue(inputs.normTensors[`${side}Bias`]);
    return Math.sqrt(headDim) * (weight + bias);
  }
  const { data } = inputs[side];
  let longest = 0;
  for (let start = 0; start < data.length; start += headDim) {
    let squares = 0;
    for (let c = 0; c < headDim; c++) squares += data[start + c]! ** 2;
    longest = Math.max(longest, squares);
  }
  return Math.sqrt(longest);
}

/**
 * By how much (as a length) a layer norm's mean moves a row: a mean in f32 is off by sumRoundoff(headDim) |mean|, all
 * values of the row alike, and is divided by the row's deviation. The variance is over distances from that mean, so it
 * is off by the square of this only. The noise about the mean rounds like the norm's other functions.
 */
function centerError(inputs: AttentionInputs, side: "query" | "key"): number {
  const { headDim, norm } = inputs.spec;
  if (norm !== "layer") return 0;
  const { data } = inputs[side];
  let worst = 0;
  for (let start = 0; start < data.length; start += headDim) {
    const { mean, variance } = meanAndVariance(data.subarray(start, start + headDim));
    worst = Math.max(worst, Math.abs(mean) / Math.sqrt(variance + NORM_EPSILON));
  }
  const weight = largestValue(inputs.normTensors[`${side}Weight`], 1);
  return sumRoundoff(headDim) * worst * weight * Math.sqrt(headDim);
}

function largestValue(tensor: Tensor<"f32"> | undefined, otherwise = 0): number {
  return tensor === undefined
    ? otherwise
    : tensor.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

/** max over the tokens of |v|: [batch, channels] of a [batch, tokens, channels] tensor. */
function largestPerChannel(value: Tensor<"f32">, batch: number): Float64Array {
  const channels = value.shape[2]!;
  const perRow = value.data.length / batch;
  const largest = new Float64Array(batch * channels);
  for (let i = 0; i < value.data.length; i++) {
    const at = Math.floor(i / perRow) * channels + (i % channels);
    largest[at] = Math.max(largest[at]!, Math.abs(value.data[i]!));
  }
  return largest;
}
