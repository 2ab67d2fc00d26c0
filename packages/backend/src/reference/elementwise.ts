import { type Shape, type Tensor, toFloat32 } from "@paroattn/tensor";
import { stridesOf } from "./strides.js";

/** operation(a, b) with NumPy broadcasting. */
export function binary(options: {
  a: Tensor;
  b: Tensor;
  outputShape: Shape;
  operation: (a: number, b: number) => number;
}): Float64Array {
  const { outputShape, operation } = options;
  const a = toFloat32(options.a);
  const b = toFloat32(options.b);
  const stridesOfA = broadcastStrides(options.a.shape, outputShape.length);
  const stridesOfB = broadcastStrides(options.b.shape, outputShape.length);
  const strides = stridesOf(outputShape);
  const result = new Float64Array(outputShape.reduce((product, size) => product * size, 1));
  for (let i = 0; i < result.length; i++) {
    let indexOfA = 0;
    let indexOfB = 0;
    for (const [axis, size] of outputShape.entries()) {
      const position = Math.floor(i / strides[axis]!) % size;
      indexOfA += position * stridesOfA[axis]!;
      indexOfB += position * stridesOfB[axis]!;
    }
    result[i] = operation(a[indexOfA]!, b[indexOfB]!);
  }
  return result;
}

/** residual[b, t, c] + gate[b, c] * value[b, t, c] */
export function addGated(options: { residual: Tensor; value: Tensor; gate: Tensor }): Float64Array {
  const value = toFloat32(options.value);
  const gate = toFloat32(options.gate);
  const [, tokens, channels] = options.residual.shape as [number, number, number];
  return Float64Array.from(toFloat32(options.residual), (residual, i) => {
    const batch = Math.floor(i / (tokens * channels));
    return residual + gate[batch * channels + (i % channels)]! * value[i]!;
  });
}

/** Σ factor * tensor */
export function combine(options: {
  tensors: readonly Tensor[];
  factors: readonly number[];
}): Float64Array {
  const terms = options.tensors.map(toFloat32);
  return Float64Array.from(terms[0]!, (_, i) =>
    terms.reduce((sum, term, index) => sum + options.factors[index]! * term[i]!, 0),
  );
}

/** Strides with which a tensor is read under a broadcast shape of `rank` axes: 0 along axes of size 1. */
function broadcastStrides(shape: Shape, rank: number): readonly number[] {
  const strides = stridesOf(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride));
  return [...new Array<number>(rank - shape.length).fill(0), ...strides];
}
