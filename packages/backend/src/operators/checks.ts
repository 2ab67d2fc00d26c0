import type { DType, Shape } from "@paroattn/tensor";
import type { DeviceTensor } from "../device-tensor.js";
import { InvalidArgumentError } from "../errors.js";

/** Where an argument belongs, for the messages. */
export interface Argument {
  readonly operator: string;
  readonly argument: string;
}

/** dtypes that weights may have. */
export const WEIGHT_DTYPES = ["f32", "f16", "bf16"] as const satisfies readonly DType[];

/** "[2, 77, 768]" */
export function describeShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(", ")}]`;
}

export function invalid(where: Argument, expected: string, found: string): InvalidArgumentError {
  return new InvalidArgumentError({ ...where, expected, found });
}

/** An activation is f32. */
export function checkActivationDtype(where: Argument, tensor: DeviceTensor): void {
  if (tensor.dtype !== "f32") throw invalid(where, "of dtype f32", tensor.dtype);
}

/** A weight or a bias is f32, f16 or bf16. */
export function checkWeightDtype(where: Argument, tensor: DeviceTensor): void {
  if (!WEIGHT_DTYPES.some((dtype) => dtype === tensor.dtype)) {
    throw invalid(where, "of dtype f32, f16 or bf16", tensor.dtype);
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
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** A weight vector of one entry a channel, where it is given. */
export function checkChannelWeight(
  where: Argument,
  weight: DeviceTensor | undefined,
  channels: number,
): void {
  if (weight === undefined) return;
  checkWeightDtype(where, weight);
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
