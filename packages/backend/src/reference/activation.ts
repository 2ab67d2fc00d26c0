import { type Tensor, toFloat32 } from "@paroattn/tensor";
import type { Activation } from "../operator-options.js";

/** The functions themselves; `undefined` is the identity. */
export function activationFunction(activation: Activation | undefined): (x: number) => number {
  switch (activation) {
    case undefined:
      return (x) => x;
    case "silu":
      return (x) => x / (1 + Math.exp(-x));
    case "gelu":
      return (x) => 0.5 * x * (1 + errorFunction(x / Math.SQRT2));
    case "geluTanh":
      return (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case "relu":
      return (x) => (x > 0 || Number.isNaN(x) ? x : 0);
  }
}

export function activate(options: { input: Tensor; activation: Activation }): Float64Array {
  return Float64Array.from(toFloat32(options.input), activationFunction(options.activation));
}

/**
 * erf(x) = 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (2n+1)!! (Abramowitz and Stegun 7.1.6): all terms have one sign, so nothing cancels.
 */
export function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
