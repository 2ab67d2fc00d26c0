import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { AttentionPrecision } from "../../attention-types.js";
import type { Backend } from "../../backend.js";
import type { FloatDType } from "../../device-tensor.js";
import { runProgram } from "../run-on-both.js";
import {
  FUNCTION_ROUNDINGS,
  halfUnit,
  sumRoundoff,
  UNIT_ROUNDOFF,
  unitRoundoff,
} from "../tolerance.js";
import type { AttentionBounds } from "./bounds-type.js";
import { type AttentionInputs, attend } from "./inputs.js";
import { largestValue } from "./magnitudes.js";
import { type OperandRows, operandErrors } from "./operand-errors.js";

/**
 * The bounds of attention whose products take half precision operands; sums are f32. The rounding of the operands is
 * not among the errors, for the reference rounds them too. What remains, to first order:
 *
 * - a logit q·k is off by its sum in f32 and, where q or k may be rounded otherwise (`operandErrors`), by
 *   |dq| |k| + |q| |dk|;
 * - an entry p of the map is off by that, by exp, and by its own rounding u before it meets the values;
 * - so the log-sum-exp is off by the mean of the logits' errors, weighted with the map, and the output by the sum of
 *   p |v| times the errors of p and of the row's sum.
 *
 * The weighted sums are attention themselves, and the reference computes them: of |v|, of |dk|, and of |v| |dk|.
 */
export async function reducedBounds(
  inputs: AttentionInputs,
  reference: Backend,
): Promise<AttentionBounds> {
  const { spec, queryTokens, keyTokens, rowScale, residual } = inputs;
  const { heads, headDim } = spec;
  const qk = floatOf(inputs.precision?.qk);
  const pv = floatOf(inputs.precision?.pv);
  const scale = Math.abs(spec.scale ?? 1 / Math.sqrt(headDim));
  const rows = operandErrors(inputs, qk);
  const longestKeys = rows.map(({ key }) => key.lengths.reduce((a, b) => Math.max(a, b), 0));
  const loose = spec.norm !== undefined || spec.rope !== undefined;
  const values = absolute(inputs.value);
  const keyErrors = loose ? errorsOfKeys(inputs, rows) : undefined;
  const weightedValues = await weightedSum(inputs, reference, values);
  const weightedErrors = keyErrors && (await weightedSum(inputs, reference, keyErrors));
  const weightedBoth =
    keyErrors && (await weightedSum(inputs, reference, product(values, keyErrors)));
  const ofFunctions = FUNCTION_ROUNDINGS * UNIT_ROUNDOFF;
  const ofSums = sumRoundoff(keyTokens);
  const largestBias = largestValue(inputs.bias);
  // Entries below the least normal half lose absolute, not relative, accuracy; the largest of a row is at least 1.
  const ofSmallEntries = keyTokens * halfUnit(pv, 0) * largestValue(values);
  const ofEntry = unitRoundoff(pv);

  /** Of one query row, by its index in [batch, heads, queryTokens]. */
  const rowBounds = (index: number) => {
    const at = Math.floor(index / queryTokens);
    const query = index % queryTokens;
    const length = rows[at]!.query.lengths[query]!;
    const error = rows[at]!.query.errors[query]!;
    const longestKey = longestKeys[at]!;
    const largest = scale * length * longestKey + largestBias;
    const logit = (sumRoundoff(headDim) + 2 * UNIT_ROUNDOFF) * largest + scale * error * longestKey;
    return { logit, largest, ofKeyError: scale * (length + error) };
  };
  const outputOfRow = (index: number) => {
    const batchRow = Math.floor(index / (heads * queryTokens));
    const head = Math.floor(index / queryTokens) % heads;
    return ((batchRow * queryTokens + (index % queryTokens)) * heads + head) * headDim;
  };
  const rowOfOutput = (index: number) => {
    const head = Math.floor((index % (heads * headDim)) / headDim);
    const token = Math.floor(index / (heads * headDim));
    const batchRow = Math.floor(token / queryTokens);
    return (batchRow * heads + head) * queryTokens + (token % queryTokens);
  };
  const factor = (row: number) => Math.abs(rowScale?.data[row] ?? 1);
  const magnitude = (index: number) =>
    factor(rowOfOutput(index)) * weightedValues[index]! * (1 + 2 * ofEntry);
  return {
    entry: largestOf(rows, (at) => {
      const error = rows[at]!.key.errors.reduce((a, b) => Math.max(a, b), 0);
      let worst = 0;
      for (let query = 0; query < queryTokens; query++) {
        const { logit, largest, ofKeyError } = rowBounds(at * queryTokens + query);
        worst = Math.max(worst, logit + ofKeyError * error + 2 * UNIT_ROUNDOFF * largest);
      }
      return Math.expm1(worst) + ofFunctions;
    }),
    logSumExp: (index, total) => {
      const { logit, ofKeyError } = rowBounds(index);
      const mean = ofKeyError * (weightedErrors?.[outputOfRow(index)] ?? 0);
      return logit + mean + ofFunctions + ofSums + 2 * UNIT_ROUNDOFF * Math.abs(total);
    },
    output: (index) => {
      const row = rowOfOutput(index);
      const { logit, ofKeyError } = rowBounds(row);
      const mean = ofKeyError * (weightedErrors?.[index] ?? 0);
      const relative = 2 * (logit + ofFunctions) + mean + ofSums + ofEntry;
      const sum = relative * weightedValues[index]! + ofKeyError * (weightedBoth?.[index] ?? 0);
      // What is left out is of second order.
      const softmax = (1 + 2 * relative) * sum + ofSmallEntries;
      const added = magnitude(index) + Math.abs(residual?.data[index] ?? 0);
      return factor(row) * softmax + 2 * UNIT_ROUNDOFF * added;
    },
    magnitude,
  };
}

function floatOf(precision = "f32"): FloatDType {
  if (precision === "f32" || precision === "f16" || precision === "bf16") return precision;
  throw new Error(`expected a precision of f32, f16 or bf16 but found ${precision}`);
}

/** Attention with other values, which are not rounded, over the map of the inputs. */
async function weightedSum(
  inputs: AttentionInputs,
  reference: Backend,
  value: Tensor<"f32">,
): Promise<Float32Array> {
  const precision: AttentionPrecision = { qk: inputs.precision?.qk ?? "f32", pv: "f32" };
  const plain = { rowScale: undefined, residual: undefined, dtype: "f32" } as const;
  const { output } = await runProgram(reference, (scope) =>
    attend(scope, { ...inputs, ...plain, value, precision }),
  );
  return toFloat32(output);
}

/** |dk| of each key, in all channels of its head: of the shape of the values. */
function errorsOfKeys(
  { spec, value, keyValueHeads, keyTokens }: AttentionInputs,
  rows: readonly { readonly key: OperandRows }[],
): Tensor<"f32"> {
  const { heads, headDim } = spec;
  const data = value.data.map((_, i) => {
    const keyValueHead = Math.floor((i % (keyValueHeads * headDim)) / headDim);
    const token = Math.floor(i / (keyValueHeads * headDim));
    const batchRow = Math.floor(token / keyTokens);
    const head = keyValueHead * (heads / keyValueHeads);
    return rows[batchRow * heads + head]!.key.errors[token % keyTokens]!;
  });
  return { ...value, data };
}

function absolute(tensor: Tensor<"f32">): Tensor<"f32"> {
  return { ...tensor, data: tensor.data.map(Math.abs) };
}

function product(a: Tensor<"f32">, b: Tensor<"f32">): Tensor<"f32"> {
  return { ...a, data: a.data.map((value, i) => value * b.data[i]!) };
}

function largestOf<T>(items: readonly T[], measure: (index: number) => number): number {
  return items.reduce((most, _, index) => Math.max(most, measure(index)), 0);
}
