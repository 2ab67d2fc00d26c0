import type { Tensor } from "@paroattn/tensor";
import { FUNCTION_ROUNDINGS, sumRoundoff, UNIT_ROUNDOFF } from "../tolerance.js";
import type { AttentionInputs } from "./inputs.js";

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
 * A logit is a sum of headDim products of magnitude at most scale |q| |k| (Cauchy and Schwarz), plus the bias.
 * Its error multiplies an entry of the softmax map by about 1 + 2 error (numerator and denominator);
 * exp and the sums over the keys add theirs. The entries weigh values of at most max |v| in a head's channel.
 */
export function attentionBounds(inputs: AttentionInputs): AttentionBounds {
  const { spec, batch, queryTokens, keyTokens, keyValueHeads, value } = inputs;
  const { heads, headDim } = spec;
  const scale = Math.abs(spec.scale ?? 1 / Math.sqrt(headDim));
  const largest =
    scale * longestRow(inputs, "query") * longestRow(inputs, "key") + largestValue(inputs.bias);
  // The front rounds queries and keys: their norms, their rotations, their storage.
  const front = (spec.norm ? FUNCTION_ROUNDINGS : 0) + (spec.rope ? 4 : 0);
  const logit = (sumRoundoff(headDim) + front * UNIT_ROUNDOFF) * largest;
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
