import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { FloatDType } from "../device-tensor.js";
import { describeShape, sameShape } from "../operators/checks.js";
import { ConformanceError } from "./errors.js";
import { halfUnit } from "./tolerance.js";

/** Tolerance of an element: one for all, or by index (and expected value). */
export type Bound = number | ((index: number, expected: number) => number);

/** Throws a `ConformanceError` unless dtype and shape are equal and each element is within its bound. */
export function expectClose(options: {
  /** What is compared, such as "output". */
  readonly what: string;
  readonly actual: Tensor;
  readonly expected: Tensor;
  /** 0 asks for equal values. */
  readonly bound: Bound;
  /**
   * The dtype that `actual` must have where `expected` is what the reference says in f32: a half may beyond its bound be
   * off by half a unit, as its one rounding allows. Default: that of `expected`.
   */
  readonly dtype?: FloatDType;
}): void {
  const { what, actual, expected, bound, dtype } = options;
  const wantedDtype = dtype ?? expected.dtype;
  if (actual.dtype !== wantedDtype || !sameShape(actual.shape, expected.shape)) {
    throw new ConformanceError(
      `expected ${what} of ${describe({ ...expected, dtype: wantedDtype })} but found ${describe(actual)}`,
    );
  }
  const found = toFloat32(actual);
  const wanted = toFloat32(expected);
  if (found.length !== wanted.length) {
    throw new ConformanceError(
      `expected ${what} to hold ${wanted.length} elements but found ${found.length}`,
    );
  }
  let beyond = 0;
  let largestError = 0;
  let worst: { index: number; error: number; tolerance: number } | undefined;
  for (let index = 0; index < wanted.length; index++) {
    if (Object.is(found[index], wanted[index])) continue;
    const error = Math.abs(found[index]! - wanted[index]!);
    const within = typeof bound === "number" ? bound : bound(index, wanted[index]!);
    const tolerance = within + halfUnit(dtype ?? "f32", Math.abs(wanted[index]!) + within);
    if (error <= tolerance) continue;
    beyond++;
    largestError = Math.max(largestError, error);
    if (worst === undefined || error - tolerance > worst.error - worst.tolerance) {
      worst = { index, error, tolerance };
    }
  }
  if (worst === undefined) return;
  throw new ConformanceError(
    `expected ${what} ${describeShape(expected.shape)} to be ${wanted[worst.index]} at ${position(worst.index, expected)} ` +
      `but found ${found[worst.index]}: error ${worst.error}, tolerance ${worst.tolerance} ` +
      `(${beyond} of ${wanted.length} elements beyond theirs, largest error ${largestError})`,
  );
}

/** Throws a `ConformanceError` unless the condition holds. */
export function expectThat(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ConformanceError(message);
}

function describe(tensor: Pick<Tensor, "dtype" | "shape">): string {
  return `${tensor.dtype} ${describeShape(tensor.shape)}`;
}

/** "[1, 3, 4]" */
function position(index: number, { shape }: Tensor): string {
  const indices: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return describeShape(indices);
}
