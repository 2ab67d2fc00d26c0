import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { Activation } from "../operator-options.js";
import { activationFunction } from "./activation.js";

/** Mean and biased variance, in two passes. */
export function meanAndVariance(values: ArrayLike<number>): { mean: number; variance: number } {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) ** 2;
  return { mean, variance: squares / values.length };
}

export function meanSquare(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  return squares / values.length;
}

/** (x - mean) / sqrt(variance + epsilon) * weight + bias, then * (1 + scale) + shift. */
export function layerNorm(options: {
  input: Tensor;
  weight: Tensor | undefined;
  bias: Tensor | undefined;
  scale: Tensor | undefined;
  shift: Tensor | undefined;
  epsilon: number;
}): Float64Array {
  const input = toFloat32(options.input);
  const weight = options.weight && toFloat32(options.weight);
  const bias = options.bias && toFloat32(options.bias);
  const scale = options.scale && toFloat32(options.scale);
  const shift = options.shift && toFloat32(options.shift);
  const { shape } = options.input;
  const channels = shape.at(-1)!;
  // Rows of one batch entry share scale and shift; without them the number does not matter.
  const tokens = shape.length === 3 ? shape[1]! : 1;
  const result = new Float64Array(input.length);
  for (let start = 0; start < input.length; start += channels) {
    const row = input.subarray(start, start + channels);
    const { mean, variance } = meanAndVariance(row);
    const batch = Math.floor(start / (tokens * channels));
    for (let c = 0; c < channels; c++) {
      let value = (row[c]! - mean) / Math.sqrt(variance + options.epsilon);
      value = value * (weight?.[c] ?? 1) + (bias?.[c] ?? 0);
      value = value * (1 + (scale?.[batch * channels + c] ?? 0));
      result[start + c] = value + (shift?.[batch * channels + c] ?? 0);
    }
  }
  return result;
}

/** x / sqrt(mean(x²) + epsilon) * weight */
export function rmsNorm(options: {
  input: Tensor;
  weight: Tensor | undefined;
  epsilon: number;
}): Float64Array {
  const input = toFloat32(options.input);
  const weight = options.weight && toFloat32(options.weight);
  const channels = options.input.shape.at(-1)!;
  const result = new Float64Array(input.length);
  for (let start = 0; start < input.length; start += channels) {
    const row = input.subarray(start, start + channels);
    const divisor = Math.sqrt(meanSquare(row) + options.epsilon);
    for (let c = 0; c < channels; c++) {
      result[start + c] = (row[c]! / divisor) * (weight?.[c] ?? 1);
    }
  }
  return result;
}

/** Layer norm over the channels of a group and all positions, then weight and bias by channel, then the activation. */
export function groupNorm(options: {
  input: Tensor;
  groups: number;
  weight: Tensor | undefined;
  bias: Tensor | undefined;
  epsilon: number;
  activation: Activation | undefined;
}): Float64Array {
  const input = toFloat32(options.input);
  const weight = options.weight && toFloat32(options.weight);
  const bias = options.bias && toFloat32(options.bias);
  const activation = activationFunction(options.activation);
  const [batch, channels] = options.input.shape as [number, number];
  const result = new Float64Array(input.length);
  const groupSize = input.length / (batch * options.groups);
  const positions = input.length / (batch * channels);
  for (let start = 0; start < input.length; start += groupSize) {
    const group = input.subarray(start, start + groupSize);
    const { mean, variance } = meanAndVariance(group);
    for (let i = 0; i < groupSize; i++) {
      const c = Math.floor((start + i) / positions) % channels;
      const value = (group[i]! - mean) / Math.sqrt(variance + options.epsilon);
      result[start + i] = activation(value * (weight?.[c] ?? 1) + (bias?.[c] ?? 0));
    }
  }
  return result;
}
