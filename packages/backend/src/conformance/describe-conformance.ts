import type { Backend } from "../backend.js";
import { createReferenceBackend } from "../reference/create.js";
import type { ConformanceCase } from "./case.js";
import { planConformance } from "./conformance-cases.js";
import type { ConformanceOptions } from "./options.js";

/** Declares a test. */
export interface DeclareTest {
  (name: string, body: () => Promise<void>): unknown;
  /** Declares one that is not run. Needed where the options leave cases out, so that these are seen. */
  skip?(name: string, body: () => Promise<void>): unknown;
}

export interface DescribeConformanceOptions extends ConformanceOptions {
  /** Makes the backend under test; called once a case, which disposes of it. */
  readonly createBackend: () => Backend | Promise<Backend>;
  /** Of vitest (or any test runner like it). */
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: DeclareTest;
  /** Each case runs once a seed. Default: one seed, 1. */
  readonly seeds?: readonly number[];
  /** Picks cases, such as those of one operator. Default: all. */
  readonly only?: (one: Pick<ConformanceCase, "name" | "operator">) => boolean;
}

/**
 * Declares the conformance suite as tests. What the backend is stated not to have is declared as skipped, with the reason.
 *
 * @example
 * import { describe, it } from "vitest";
 * describeConformance({ createBackend: () => createMyBackend(), describe, it });
 *
 * @example
 * describeConformance({
 *   createBackend, describe, it,
 *   dtype: "bf16", precision: { qk: "bf16", pv: "bf16" },
 *   headDims: [64, 128], bias: false, operators: ["add", "prepareAttention", "prepareMask", "attention"],
 * });
 */
export function describeConformance(options: DescribeConformanceOptions): void {
  const { createBackend, describe, it, seeds = [1], only = () => true } = options;
  const { cases, skipped } = planConformance(options);
  describe(titleOf(options), () => {
    for (const conformanceCase of cases.filter(only)) {
      for (const seed of seeds) {
        const suffix = seeds.length === 1 ? "" : ` (seed ${seed})`;
        it(`${conformanceCase.name}${suffix}`, () =>
          runCase(conformanceCase, { createBackend, seed }));
      }
    }
    for (const { name, why } of skipped.filter(only)) {
      if (it.skip === undefined) throw new Error(`expected it.skip, to tell of ${name}: ${why}`);
      it.skip(`${name} (${why})`, async () => {});
    }
  });
}

/** Runs one case on a fresh backend and a fresh reference. Rejects if the backend does not conform. */
export async function runCase(
  conformanceCase: ConformanceCase,
  options: { readonly createBackend: () => Backend | Promise<Backend>; readonly seed: number },
): Promise<void> {
  const reference = createReferenceBackend();
  const backend = await options.createBackend();
  try {
    await conformanceCase.run({ backend, reference, seed: options.seed });
  } finally {
    backend.dispose();
    reference.dispose();
  }
}

/** "conformance", or "conformance (bf16, attention in bf16)". */
function titleOf({ dtype, precision }: ConformanceOptions): string {
  const parts = [
    ...(dtype === undefined ? [] : [dtype]),
    ...(precision === undefined ? [] : [`attention in ${precisionName(precision)}`]),
  ];
  return parts.length === 0 ? "conformance" : `conformance (${parts.join(", ")})`;
}

function precisionName({ qk, pv }: NonNullable<ConformanceOptions["precision"]>): string {
  return qk === pv ? qk : `${qk} and ${pv}`;
}
