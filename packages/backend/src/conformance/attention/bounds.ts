import type { Backend } from "../../backend.js";
import { FUNCTION_ROUNDINGS, sumRoundoff, UNIT_ROUNDOFF } from "../tolerance.js";
import type { AttentionBounds } from "./bounds-type.js";
import type { AttentionInputs } from "./inputs.js";
import { centerErrorOfEntry, largestPerChannel, largestValue, longestRow } from "./magnitudes.js";
import { reducedBounds } from "./reduced-bounds.js";

/** The bounds of an attention in its precision. */
export async function attentionBounds(
  inputs: AttentionInputs,
  reference: Backend,
): Promise<AttentionBounds> {
  const { qk = "f32", pv = "f32" } = inputs.precision ?? {};
  return qk === "f32" && pv === "f32" ? f32Bounds(inputs) : reducedBounds(inputs, reference);
}

/**
 * To first order. A logit is a sum of headDim products of magnitude at most scale |q| |k| (Cauchy and Schwarz), plus the bias.
 * Its error multiplies an entry of the softmax map by about 1 + 2 error (numerator and denominator);
 * exp and the sums over the keys add theirs. What a layer norm's mean loses moves a whole row. The entries weigh values of at most max |v| in a head's channel.
 */
function f32Bounds(inputs: AttentionInputs): AttentionBounds {
  const { spec, batch, queryTokens, keyTokens, keyValueHeads, value } = inputs;
  const { heads, headDim } = spec;
  const scale = Math.abs(spec.scale ?? 1 / Math.sqrt(headDim));
  const [longestQuery, longestKey] = [longestRow(inputs, "query"), longestRow(inputs, "key")];
  const largest = scale * longestQuery * longestKey + largestValue(inputs.bias);
  const centers =
    scale *
    Math.sqrt(headDim) *
    (centerErrorOfEntry(inputs, "query") * longestKey +
      longestQuery * centerErrorOfEntry(inputs, "key"));
  // The front rounds queries and keys: their norms, their rotations, their storage.
  const front = (spec.norm ? FUNCTION_ROUNDINGS : 0) + (spec.rope ? 4 : 0);
  const logit = (sumRoundoff(headDim) + front * UNIT_ROUNDOFF) * largest + centers;
  const ofFunctions = FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
  const ofSums = sumRoundoff(keyTokens);
  const relative = 2 * logit + ofFunctions + ofSums;
  const largestValues = largestPerChannel(value, batch);
  const { rowScale, residual } = inputs;
  const magnitude = (index: number) => {
    const channel = index % (heads * headDim);
    const head = Math.floor(channel / headDim);
    const row = Math.floor(index / (heads * headDim));
    const batchRow = Math.floor(row / queryTokens);
    const keyValueHead = Math.floor(head / (heads / keyValueHeads));
    const channels = keyValueHeads * headDim;
    const v = largestValues[batchRow * channels + keyValueHead * headDim + (channel % headDim)]!;
    const factor = rowScale?.data[(batchRow * heads + head) * queryTokens + (row % queryTokens)];
    return Math.abs(factor ?? 1) * v;
  };
  return {
    entry: 2 * logit + ofFunctions + 2 * UNIT_ROUNDOFF * largest,
    logSumExp: (_, total) => logit + ofFunctions + ofSums + 2 * UNIT_ROUNDOFF * Math.abs(total),
    output: (index) => {
      const scaled = magnitude(index);
      const added = residual === undefined ? 0 : scaled + Math.abs(residual.data[index]!);
      return relative * scaled + 2 * UNIT_ROUNDOFF * added;
    },
    magnitude,
  };
}
