import type { Activation } from "../../operator-options.js";

interface NormSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly epsilon?: number;
  readonly weightDtype?: "f32" | "f16" | "bf16";
}

export interface LayerNormSpec extends NormSpec {
  readonly weight?: boolean;
  /** With scale and shift. */
  readonly adaptive?: boolean;
  readonly mean?: number;
}

export interface RmsNormSpec extends NormSpec {
  readonly deviation?: number;
}

export interface GroupNormSpec extends NormSpec {
  readonly groups: number;
  readonly weight?: boolean;
  readonly mean?: number;
  readonly activation?: Activation;
}

export const layerNormSpecs: readonly LayerNormSpec[] = [
  { name: "plain, odd channels", shape: [2, 7, 33] },
  { name: "weight and bias", shape: [3, 5, 72], weight: true, epsilon: 1e-5 },
  { name: "adaptive scale and shift", shape: [2, 9, 48], adaptive: true },
  { name: "weight, bias, scale and shift", shape: [2, 5, 65], weight: true, adaptive: true },
  // A variance computed as E[x²] - E[x]² loses all its digits here.
  { name: "mean a thousand deviations away", shape: [1, 6, 64], mean: 1000 },
  { name: "a single row", shape: [130], weight: true },
  { name: "one channel", shape: [4, 1] },
  { name: "rank 4", shape: [2, 2, 3, 20], weight: true },
  { name: "f16 weights", shape: [2, 5, 40], weight: true, weightDtype: "f16" },
  { name: "bf16 weights", shape: [2, 5, 40], weight: true, weightDtype: "bf16" },
];

export const rmsNormSpecs: readonly RmsNormSpec[] = [
  { name: "plain, odd channels", shape: [2, 7, 33] },
  { name: "weight", shape: [3, 72], weightDtype: "f32" },
  { name: "long rows of large values", shape: [2, 4099], deviation: 500, weightDtype: "f32" },
  { name: "rows as small as epsilon", shape: [2, 3, 64], deviation: 1e-3, weightDtype: "f32" },
  { name: "f16 weights", shape: [2, 5, 40], weightDtype: "f16" },
  { name: "bf16 weights", shape: [2, 5, 40], weightDtype: "bf16" },
];

export const groupNormSpecs: readonly GroupNormSpec[] = [
  { name: "plain, uneven grid", shape: [2, 12, 5, 7], groups: 3 },
  { name: "weight and bias", shape: [1, 32, 6, 9], groups: 8, weight: true },
  { name: "silu", shape: [2, 8, 7, 9], groups: 4, weight: true, activation: "silu" },
  { name: "geluTanh", shape: [1, 6, 5, 5], groups: 2, weight: true, activation: "geluTanh" },
  { name: "one group", shape: [2, 6, 11], groups: 1, weight: true },
  { name: "a group a channel", shape: [2, 5, 3, 3], groups: 5 },
  { name: "60x72 grid", shape: [1, 4, 60, 72], groups: 2, weight: true },
  { name: "mean far away", shape: [1, 4, 4, 5], groups: 2, mean: 1000 },
  { name: "no positions", shape: [3, 24], groups: 4, weight: true },
  { name: "f16 weights", shape: [1, 8, 3, 5], groups: 2, weight: true, weightDtype: "f16" },
  { name: "bf16 weights", shape: [1, 8, 3, 5], groups: 2, weight: true, weightDtype: "bf16" },
];
