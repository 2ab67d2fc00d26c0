import "./emulated.js";
import { describeConformance, type OperatorName } from "@paroattn/backend/conformance";
import { describe, it } from "vitest";
import { createCudaBackend } from "../src/index.js";

/** What has a kernel; everything else throws "not on CUDA yet". */
const OPERATORS: readonly OperatorName[] = [
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
  "prepareMask",
  "attention",
  "blockStatistics",
];

for (const type of ["bf16", "f16"] as const) {
  describeConformance({
    createBackend: () => createCudaBackend(),
    describe,
    it,
    dtype: type === "bf16" ? "bf16" : "f32",
    precision: { qk: type, pv: type },
    operators: OPERATORS,
    headDims: [64, 72, 96, 128],
    bias: false,
    // Emulated.
    longAttentionTokens: 8192,
  });
}
