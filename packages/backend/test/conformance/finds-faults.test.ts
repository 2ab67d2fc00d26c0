import { describe, expect, it } from "vitest";
import { ConformanceError, conformanceCases } from "../../src/conformance/index.js";
import { createReferenceBackend, TensorDisposedError } from "../../src/index.js";
import { isBig } from "../support/big-cases.js";
import { brokenBackend } from "../support/broken-backend.js";
import { faults } from "./faults.js";

describe("the suite finds a backend in which", () => {
  it.each(faults)("$name", async ({ operator, among = "", options, faults }) => {
    const cases = conformanceCases(options).filter(
      ({ name, ...one }) => one.operator === operator && name.includes(among) && !isBig({ name }),
    );
    const errors: unknown[] = [];
    for (const one of cases) {
      const backend = brokenBackend(faults);
      const reference = createReferenceBackend();
      await one.run({ backend, reference, seed: 1 }).catch((error) => errors.push(error));
      backend.dispose();
      reference.dispose();
      if (errors.length > 0) break;
    }
    expect(errors.length).toBe(1);
    // A comparison that fails, or the backend's own complaint about a tensor that should have lived.
    const [error] = errors;
    const found = ConformanceError.isInstance(error) || TensorDisposedError.isInstance(error);
    expect(found, String(error)).toBe(true);
  });
});
