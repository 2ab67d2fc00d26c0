import { type Shape, type Tensor, toFloat32 } from "@paroattn/tensor";
import { stridesOf } from "./strides.js";

/** Output axis i is input axis axes[i]. */
export function permute(options: {
  input: Tensor;
  axes: readonly number[];
  outputShape: Shape;
}): Float32Array {
  const { axes, outputShape } = options;
  const input = toFloat32(options.input);
  const inputStrides = stridesOf(options.input.shape);
  const outputStrides = stridesOf(outputShape);
  return input.map((_, i) => {
    let from = 0;
    for (const [axis, size] of outputShape.entries()) {
      const position = Math.floor(i / outputStrides[axis]!) % size;
      from += position * inputStrides[axes[axis]!]!;
    }
    return input[from]!;
  });
}

/** The inputs one after the other along an axis. */
export function concat(options: {
  inputs: readonly Tensor[];
  axis: number;
  outputShape: Shape;
}): Float32Array {
  const { axis, outputShape } = options;
  const before = product(outputShape.slice(0, axis));
  const after = product(outputShape.slice(axis + 1));
  const result = new Float32Array(product(outputShape));
  let at = 0;
  for (let outer = 0; outer < before; outer++) {
    for (const input of options.inputs) {
      const length = input.shape[axis]! * after;
      result.set(toFloat32(input).subarray(outer * length, (outer + 1) * length), at);
      at += length;
    }
  }
  return result;
}

/** Indices start (kept) to end (not kept) of an axis. */
export function slice(options: {
  input: Tensor;
  axis: number;
  start: number;
  end: number;
}): Float32Array {
  const { axis, start, end } = options;
  const { shape } = options.input;
  const input = toFloat32(options.input);
  const before = product(shape.slice(0, axis));
  const after = product(shape.slice(axis + 1));
  const length = (end - start) * after;
  const result = new Float32Array(before * length);
  for (let outer = 0; outer < before; outer++) {
    const from = (outer * shape[axis]! + start) * after;
    result.set(input.subarray(from, from + length), outer * length);
  }
  return result;
}

/** y[b, c, i, j] = x[b, c, floor(i / factor), floor(j / factor)] */
export function upsampleNearest2d(options: {
  input: Tensor;
  factor: number;
  outputShape: Shape;
}): Float32Array {
  const { factor, outputShape } = options;
  const input = toFloat32(options.input);
  const [, , rows, columns] = outputShape as [number, number, number, number];
  const [height, width] = [rows / factor, columns / factor];
  const result = new Float32Array(product(outputShape));
  return result.map((_, i) => {
    const plane = Math.floor(i / (rows * columns));
    const y = Math.floor((Math.floor(i / columns) % rows) / factor);
    const x = Math.floor((i % columns) / factor);
    return input[(plane * height + y) * width + x]!;
  });
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
