import type { Tensor } from "@paroattn/tensor";

/** The inputs of the golden tests: amplitude * sin(0.7 i + chirp i² + phase). */
export function wave(
  shape: readonly number[],
  phase: number,
  options: { readonly amplitude?: number; readonly chirp?: number } = {},
): Tensor<"f32"> {
  const { amplitude = 1, chirp = 0 } = options;
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from(
    { length: count },
    (_, i) => amplitude * Math.sin(i * 0.7 + i * i * chirp + phase),
  );
  return { dtype: "f32", shape, data };
}
