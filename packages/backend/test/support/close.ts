import type { Tensor } from "@paroattn/tensor";
import { expect } from "vitest";

/** Float64 results stored as f32, inputs rounded to f32 on both sides: a few units of roundoff. */
export function expectGolden(actual: Tensor, golden: readonly number[]): void {
  expect(actual.data.length).toBe(golden.length);
  for (const [i, value] of golden.entries()) {
    const error = Math.abs(actual.data[i]! - value);
    expect(error, `element ${i}: ${actual.data[i]} instead of ${value}`).toBeLessThanOrEqual(
      1e-6 * Math.max(1, Math.abs(value)),
    );
  }
}
