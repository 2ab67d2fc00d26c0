import { describeConformance, type OperatorName } from "@paroattn/backend/conformance";
import { describe, it } from "vitest";
import { createCpuBackend } from "../src/index.js";

// At the machine's best target only: native/test/attention/test_bf16.cc holds every target to the numbers that f32 gives.
const createBackend = () => createCpuBackend({ threads: 2 });

const ATTENTION: readonly OperatorName[] = [
  "prepareAttention",
  "prepareMask",
  "attention",
  "blockStatistics",
];
/** Whose tensors are f32 whatever the activations are. */
const F32: readonly OperatorName[] = ["linear", "feedForward", "conv2d", "conv3d", "embedding"];

// Tensors of bf16 in every precision, and in their own. The other operators refuse them.
const bf16 = { qk: "bf16", pv: "bf16" } as const;
for (const precision of [{}, { precision: bf16 }]) {
  describeConformance({
    createBackend,
    describe,
    it,
    dtype: "bf16",
    ...precision,
    operators: [...ATTENTION, ...F32, "reshape"],
    only: ({ operator }) => !F32.some((name) => name === operator),
  });
}

// Tensors of f32, one of whose products takes bf16.
describeConformance({
  createBackend,
  describe,
  it,
  precision: { qk: "bf16", pv: "f32" },
  only: ({ operator }) => ATTENTION.some((name) => name === operator),
});
