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

// Every type of activations, and both of attention's operands.
for (const [dtype, type] of [
  ["bf16", "bf16"],
  ["f32", "f16"],
  ["f16", "f16"],
] as const) {
  describeConformance({
    createBackend: () => createCudaBackend(),
    describe,
    it,
    dtype,
    precision: { qk: type, pv: type },
    quantized: [],
    operators: OPERATORS,
    headDims: [64, 72, 96, 128],
    bias: false,
    // Emulated.
    longAttentionTokens: 8192,
  });
}
