import type { Tensor } from "@paroattn/tensor";
import { meanAndVariance } from "../../reference/norms.js";
import { sumRoundoff } from "../tolerance.js";
import { type AttentionInputs, NORM_EPSILON } from "./inputs.js";

/** The largest |q| or |k| of a head, after the norm; a rotation does not change it. */
export function longestRow(inputs: AttentionInputs, side: "query" | "key"): number {
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
 * By how much a layer norm's mean moves the entries of a row: a mean in f32 is off by sumRoundoff(headDim) |mean|, all
 * values of the row alike, and is divided by the row's deviation. The variance is over distances from that mean, so it
 * is off by the square of this only. The noise about the mean rounds like the norm's other functions.
 */
export function centerErrorOfEntry(inputs: AttentionInputs, side: "query" | "key"): number {
  const { headDim, norm } = inputs.spec;
  if (norm !== "layer") return 0;
  const { data } = inputs[side];
  let worst = 0;
  for (let start = 0; start < data.length; start += headDim) {
    const { mean, variance } = meanAndVariance(data.subarray(start, start + headDim));
    worst = Math.max(worst, Math.abs(mean) / Math.sqrt(variance + NORM_EPSILON));
  }
  const weight = largestValue(inputs.normTensors[`${side}Weight`], 1);
  return sumRoundoff(headDim) * worst * weight;
}

export function largestValue(tensor: Tensor<"f32"> | undefined, otherwise = 0): number {
  return tensor === undefined
    ? otherwise
    : tensor.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

/** max over the tokens of |v|: [batch, channels] of a [batch, tokens, channels] tensor. */
export function largestPerChannel(value: Tensor<"f32">, batch: number): Float64Array {
  const channels = value.shape[2]!;
  const perRow = value.data.length / batch;
  const largest = new Float64Array(batch * channels);
  for (let i = 0; i < value.data.length; i++) {
    const at = Math.floor(i / perRow) * channels + (i % channels);
    largest[at] = Math.max(largest[at]!, Math.abs(value.data[i]!));
  }
  return largest;
}
