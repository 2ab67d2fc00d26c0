import type { Backend } from "../backend.js";
import { createReferenceBackend } from "../reference/create.js";
import { conformanceCases } from "./conformance-cases.js";

export interface DescribeConformanceOptions {
  /** Makes the backend under test; called once a case, which disposes of it. */
  readonly createBackend: () => Backend | Promise<Backend>;
  /** Of vitest (or any test runner like it). */
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  /** Each case runs once a seed. Default: one seed, 1. */
  readonly seeds?: readonly number[];
}

/**
 * Declares the conformance suite as tests.
 *
 * @example
 * import { describe, it } from "vitest";
 * describeConformance({ createBackend: () => createMyBackend(), describe, it });
 */
export function describeConformance(options: DescribeConformanceOptions): void {
  const { createBackend, describe, it, seeds = [1] } = options;
  describe("conformance", () => {
    for (const conformanceCase of conformanceCases()) {
      for (const seed of seeds) {
        const suffix = seeds.length === 1 ? "" : ` (seed ${seed})`;
        it(`${conformanceCase.name}${suffix}`, async () => {
          const reference = createReferenceBackend();
          const backend = await createBackend();
          try {
            await conformanceCase.run({ backend, reference, seed });
          } finally {
            backend.dispose();
            reference.dispose();
          }
        });
      }
    }
  });
}
