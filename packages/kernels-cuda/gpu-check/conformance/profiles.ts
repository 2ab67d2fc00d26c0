import type { ConformanceOptions, OperatorName } from "@paroattn/backend/conformance";

export interface Profile {
  readonly name: string;
  readonly options: ConformanceOptions;
}

/** What the CUDA backend has; of the others it must say that they are not on CUDA yet. */
const operators: readonly OperatorName[] = [
  "layerNorm",
  "rmsNorm",
  "activate",
  "add",
  "multiply",
  "addGated",
  "combine",
  "permute",
  "reshape",
  "concat",
  "slice",
  "prepareAttention",
  "attention",
  "prepareMask",
  "blockStatistics",
];

const common = { operators, headDims: [64, 72, 96, 128], bias: false } as const;

/** The types of activations, with the precision of attention that fits. */
export const PROFILES: readonly Profile[] = [
  {
    name: "bf16",
    options: { ...common, dtype: "bf16", precision: { qk: "bf16", pv: "bf16" } },
  },
  { name: "f16", options: { ...common, dtype: "f16", precision: { qk: "f16", pv: "f16" } } },
  {
    name: "f32, attention in bf16",
    options: { ...common, dtype: "f32", precision: { qk: "bf16", pv: "bf16" } },
  },
];
