import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { FeedForwardOptions } from "../operator-options.js";
import { activationFunction } from "./activation.js";

/**
 * residual + gate * (activation(x W1' + b1) W2' + b2), row by row in float64; weights of the batch row where there are such.
 */
export function feedForward(options: {
  input: Tensor;
  innerWeight: Tensor;
  innerBias: Tensor | undefined;
  activation: FeedForwardOptions["activation"];
  outerWeight: Tensor;
  outerBias: Tensor | undefined;
  gate: Tensor | undefined;
  residual: Tensor | undefined;
}): Float32Array {
  const { activation } = options;
  const input = toFloat32(options.input);
  const gate = options.gate && toFloat32(options.gate);
  const residual = options.residual && toFloat32(options.residual);
  const [batch, tokens, inputs] = options.input.shape as [number, number, number];
  const inner = layer(options.innerWeight, options.innerBias);
  const outer = layer(options.outerWeight, options.outerBias);
  const { outputs } = outer;
  const act =
    typeof activation === "string"
      ? (row: Float64Array) => row.map(activationFunction(activation))
      : (row: Float64Array) => softmaxOfParts(row, activation.softmaxGroups);
  const result = new Float32Array(batch * tokens * outputs);
  for (let row = 0; row < batch * tokens; row++) {
    const of = Math.floor(row / tokens);
    const values = Float64Array.from(input.subarray(row * inputs, (row + 1) * inputs));
    for (const [output, value] of outer.apply(of, act(inner.apply(of, values))).entries()) {
      const at = row * outputs + output;
      result[at] = (residual?.[at] ?? 0) + (gate?.[of * outputs + output] ?? 1) * value;
    }
  }
  return result;
}

function layer(weight: Tensor, bias: Tensor | undefined) {
  const numbers = toFloat32(weight);
  const offsets = bias && toFloat32(bias);
  const [outputs, inputs] = weight.shape.slice(-2) as [number, number];
  const ofRows = weight.shape.length === 3;
  const apply = (batchRow: number, x: Float64Array) => {
    const first = ofRows ? batchRow * outputs : 0;
    return Float64Array.from({ length: outputs }, (_, output) => {
      let sum = offsets?.[first + output] ?? 0;
      for (let k = 0; k < inputs; k++) sum += x[k]! * numbers[(first + output) * inputs + k]!;
      return sum;
    });
  };
  return { outputs, apply };
}

function softmaxOfParts(row: Float64Array, parts: number): Float64Array {
  const length = row.length / parts;
  const result = new Float64Array(row.length);
  for (let first = 0; first < row.length; first += length) {
    const part = row.subarray(first, first + length);
    const maximum = part.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    const shares = part.map((value) => Math.exp(value - maximum));
    const sum = shares.reduce((total, share) => total + share, 0);
    result.set(
      shares.map((share) => share / sum),
      first,
    );
  }
  return result;
}
