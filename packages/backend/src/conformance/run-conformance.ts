import type { Backend } from "../backend.js";
import type { ConformanceCase } from "./case.js";
import { planConformance } from "./conformance-cases.js";
import { runCase } from "./describe-conformance.js";
import { describeError } from "./expect-error.js";
import type { ConformanceOptions } from "./options.js";

export interface RunConformanceOptions extends ConformanceOptions {
  /** Makes the backend under test; called once a case, which disposes of it. */
  readonly createBackend: () => Backend | Promise<Backend>;
  /** Each case runs once a seed. Default: one seed, 1. */
  readonly seeds?: readonly number[];
  /** Picks cases, such as those of one operator or of small shapes. Default: all. */
  readonly only?: (one: Pick<ConformanceCase, "name" | "operator">) => boolean;
  /** Called with each result as soon as it is there, so that a run that is cut off leaves its beginning. */
  readonly onResult?: (result: ConformanceResult) => void;
}

/** What came of one case. */
export interface ConformanceResult {
  readonly name: string;
  readonly operator: string;
  /** Undefined where the case was skipped. */
  readonly seed: number | undefined;
  /** Whether the backend conforms. True where the case was skipped. */
  readonly ok: boolean;
  /** Whether the stated backend is not held to the case. */
  readonly skipped: boolean;
  /** What is wrong, or why the case was skipped; empty where the backend conforms. */
  readonly message: string;
  /** Of the case on both backends; 0 where it was skipped. */
  readonly milliseconds: number;
}

/**
 * Runs the conformance suite without a test runner, one case after the other. Never rejects for what a backend does.
 *
 * @example
 * const results = await runConformance({ createBackend: () => createMyBackend(), seeds: [7] });
 * const failures = results.filter(({ ok }) => !ok);
 */
export async function runConformance(
  options: RunConformanceOptions,
): Promise<readonly ConformanceResult[]> {
  const { createBackend, seeds = [1], only = () => true, onResult } = options;
  const { cases, skipped } = planConformance(options);
  const results: ConformanceResult[] = [];
  const add = (result: ConformanceResult) => {
    results.push(result);
    onResult?.(result);
  };
  for (const { name, operator, why } of skipped.filter(only)) {
    add({
      name,
      operator,
      seed: undefined,
      ok: true,
      skipped: true,
      message: why,
      milliseconds: 0,
    });
  }
  for (const one of cases.filter(only)) {
    for (const seed of seeds) {
      const start = performance.now();
      let message = "";
      try {
        await runCase(one, { createBackend, seed });
      } catch (error) {
        message = describeError(error);
      }
      const milliseconds = performance.now() - start;
      const { name, operator } = one;
      add({ name, operator, seed, ok: message === "", skipped: false, message, milliseconds });
    }
  }
  return results;
}
