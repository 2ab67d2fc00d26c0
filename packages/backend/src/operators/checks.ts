import type { DType, Shape } from "@paroattn/tensor";
import type { DeviceTensor, FloatDType } from "../device-tensor.js";
import { InvalidArgumentError } from "../errors.js";

/** Where an argument belongs, for the messages. */
export interface Argument {
  readonly operator: string;
  readonly argument: string;
}

/** dtypes that weights and activations may have. */
export const FLOAT_DTYPES: readonly DType[] = ["f32", "f16", "bf16"] satisfies FloatDType[];

/** "[2, 77, 768]" */
export function describeShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(", ")}]`;
}

export function invalid(where: Argument, expected: string, found: string): InvalidArgumentError {
  return new InvalidArgumentError({ ...where, expected, found });
}

/** What is f32 whatever the dtype of the activations: statistics, tables, factors of rows. */
export function checkF32(where: Argument, tensor: DeviceTensor): void {
  if (tensor.dtype !== "f32") throw invalid(where, "of dtype f32", tensor.dtype);
}

/** Activations, weights and biases are f32, f16 or bf16. */
export function checkFloatDtype(where: Argument, tensor: DeviceTensor): void {
  if (!FLOAT_DTYPES.includes(tensor.dtype)) {
    throw invalid(where, "of dtype f32, f16 or bf16", tensor.dtype);
  }
}

/** The activations of one call are of one dtype, which is its result's. */
export function checkSameDtype(
  where: Argument,
  tensor: DeviceTensor,
  expected: { readonly dtype: DType; readonly because: string },
): void {
  if (tensor.dtype !== expected.dtype) {
    throw invalid(where, `of dtype ${expected.dtype} ${expected.because}`, tensor.dtype);
  }
}

export function checkRank(
  where: Argument,
  tensor: DeviceTensor,
  expected: { readonly least: number; readonly most?: number; readonly axes: string },
): void {
  const rank = tensor.shape.length;
  if (rank < expected.least || rank > (expected.most ?? Number.POSITIVE_INFINITY)) {
    throw invalid(where, `of shape ${expected.axes}`, describeShape(tensor.shape));
  }
}

export function checkShape(
  where: Argument,
  tensor: DeviceTensor,
  expected: { readonly shape: Shape; readonly because?: string },
): void {
  if (!sameShape(tensor.shape, expected.shape)) {
    const because = expected.because === undefined ? "" : ` ${expected.because}`;
    throw invalid(
      where,
      `of shape ${describeShape(expected.shape)}${because}`,
      describeShape(tensor.shape),
    );
  }
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** A weight vector of one entry a channel, where it is given. */
export function checkChannelWeight(
  where: Argument,
  weight: DeviceTensor | undefined,
  channels: number,
): void {
  if (weight === undefined) return;
  checkFloatDtype(where, weight);
  checkShape(where, weight, { shape: [channels] });
}

export function checkInteger(where: Argument, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw invalid(where, `to be a whole number of at least ${least}`, String(value));
  }
}

export function checkEpsilon(where: Argument, value: number): void {
  if (!Number.isFinite(value) || value < 0) {
    throw invalid(where, "to be a finite number of at least 0", String(value));
  }
}

export function checkAxis(where: Argument, axis: number, rank: number): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= rank) {
    throw invalid(where, `to be a whole number in 0..${rank - 1}`, String(axis));
  }
}
