import { fromFloat32, type Shape, type Tensor } from "@paroattn/tensor";

/** A seeded source of random numbers; the same seed and label give the same numbers on every machine. */
export class Random {
  #state: number;

  constructor(seed: number, label: string) {
    let state = seed >>> 0;
    for (const character of label) {
      state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
    }
    this.#state = state;
  }

  /** Uniform in [0, 1): the mulberry32 generator. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in 0..end - 1. */
  integer(end: number): number {
    return Math.floor(this.uniform() * end);
  }

  /** A standard normal number (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Normal numbers with a standard deviation (default 1) and a mean (default 0). */
  tensor(
    shape: Shape,
    options: { readonly deviation?: number; readonly mean?: number } = {},
  ): Tensor<"f32"> {
    const { deviation = 1, mean = 0 } = options;
    const count = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length: count }, () => mean + deviation * this.normal());
    return { dtype: "f32", shape, data };
  }

  /** Like `tensor`, rounded to a dtype of weights. */
  weight<D extends "f32" | "f16" | "bf16">(
    shape: Shape,
    options: { readonly dtype: D; readonly deviation?: number; readonly mean?: number },
  ): Tensor<D> {
    return fromFloat32({ data: this.tensor(shape, options).data, shape, dtype: options.dtype });
  }
}
