import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { Activation } from "../operator-options.js";
import { activationFunction } from "./activation.js";

/** y[row, output] = residual[row, output] + gate[batch, output] * activation(Σ x[row, k] W[output, k] + b[output]) */
export function linear(options: {
  input: Tensor;
  weight: Tensor;
  bias: Tensor | undefined;
  activation: Activation | undefined;
  gate: Tensor | undefined;
  residual: Tensor | undefined;
}): Float32Array {
  const input = toFloat32(options.input);
  const weight = toFloat32(options.weight);
  const bias = options.bias && toFloat32(options.bias);
  const activation = activationFunction(options.activation);
  const gate = options.gate && toFloat32(options.gate);
  const residual = options.residual && toFloat32(options.residual);
  const [outputs, inputs] = options.weight.shape as [number, number];
  const rows = options.input.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const rowsPerGate = rows / (options.gate?.shape[0] ?? 1);
  const result = new Float32Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      let sum = 0;
      for (let k = 0; k < inputs; k++)
        sum += input[row * inputs + k]! * weight[output * inputs + k]!;
      const value = activation(sum + (bias?.[output] ?? 0));
      const factor = gate?.[Math.floor(row / rowsPerGate) * outputs + output] ?? 1;
      const at = row * outputs + output;
      result[at] = (residual?.[at] ?? 0) + factor * value;
    }
  }
  return result;
}
