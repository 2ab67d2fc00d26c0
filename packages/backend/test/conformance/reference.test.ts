import { describe, expect, it } from "vitest";
import { conformanceCases, describeConformance } from "../../src/conformance/index.js";
import { createReferenceBackend } from "../../src/index.js";

// The reference against itself: says nothing of its numbers (see the golden tests), but that the suite can be passed,
// that identities, refusals, ownership, failures, signals and timings hold.
describeConformance({ createBackend: createReferenceBackend, describe, it });

it("has unique case names", () => {
  const names = conformanceCases().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
