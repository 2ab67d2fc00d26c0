import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { Activation } from "../operator-options.js";
import { activationFunction } from "./activation.js";

/** y[row, output] = activation(Σ x[row, k] W[output, k] + b[output]) */
export function linear(options: {
  input: Tensor;
  weight: Tensor;
  bias: Tensor | undefined;
  activation: Activation | undefined;
}): Float32Array {
  const input = toFloat32(options.input);
  const weight = toFloat32(options.weight);
  const bias = options.bias && toFloat32(options.bias);
  const activation = activationFunction(options.activation);
  const [outputs, inputs] = options.weight.shape as [number, number];
  const rows = options.input.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const result = new Float32Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      let sum = 0;
      for (let k = 0; k < inputs; k++)
        sum += input[row * inputs + k]! * weight[output * inputs + k]!;
      result[row * outputs + output] = activation(sum + (bias?.[output] ?? 0));
    }
  }
  return result;
}
