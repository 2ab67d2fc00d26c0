import { describe, expect, it } from "vitest";
import {
  conformanceCases,
  describeConformance,
  planConformance,
} from "../../src/conformance/index.js";
import { createReferenceBackend } from "../../src/index.js";
import { BIG, isBig } from "../support/big-cases.js";

// The reference against itself: says nothing of its numbers (see the golden tests), but that the suite can be passed,
// that identities, refusals, ownership, failures, signals and timings hold.
describeConformance({ createBackend: createReferenceBackend, describe, it });

// Here the tolerances of half precision are at work: the reference computes in float64, and the suite compares what it
// rounds with what it would not.
for (const dtype of ["f16", "bf16"] as const) {
  describeConformance({
    createBackend: createReferenceBackend,
    describe,
    it,
    dtype,
    precision: { qk: dtype, pv: dtype },
    only: (one) => !isBig(one) && one.operator !== "scope",
  });
}

describeConformance({
  createBackend: createReferenceBackend,
  describe,
  it,
  precision: { qk: "f16", pv: "bf16" },
  only: ({ name }) => name.startsWith("attention: rms norm"),
});

it("has unique case names", () => {
  const names = conformanceCases().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(BIG.every((part) => names.some((name) => name.includes(part)))).toBe(true);
});

it("skips nothing that a backend does not state", () => {
  expect(planConformance().skipped).toEqual([]);
});
