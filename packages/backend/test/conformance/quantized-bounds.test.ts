import { expect, it } from "vitest";
import { attend, makeInputs } from "../../src/conformance/attention/inputs.js";
import { quantizedBounds } from "../../src/conformance/attention/quantized-bounds.js";
import { quantizedSpecs } from "../../src/conformance/attention/quantized-specs.js";
import {
  quantizedVariants,
  variantName,
} from "../../src/conformance/attention/quantized-variants.js";
import { settingsOf } from "../../src/conformance/options.js";
import { runProgram } from "../../src/conformance/run-on-both.js";
import { createReferenceBackend } from "../../src/index.js";

/** The number of which a share is smaller. */
function quantile(numbers: readonly number[], share: number): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(share * numbers.length)]!;
}

// A bound that allowed what the codes cost anyway would find nothing.
it.each(quantizedVariants.map((one) => [variantName(one), one] as const))(
  "bounds stay far below what codes cost: %s",
  async (_, precision) => {
    const reference = createReferenceBackend();
    const settings = { ...settingsOf({}), precision: { precision }, seed: 1 };
    const inputs = makeInputs(quantizedSpecs[0]!, settings);
    const inCodes = await runProgram(reference, (scope) => attend(scope, inputs));
    const plain = { ...inputs, precision: undefined };
    const inFull = await runProgram(reference, (scope) => attend(scope, plain));
    const { output } = await quantizedBounds(inputs, reference);
    const indices = Array.from(inCodes.output.data.keys());
    const costs = indices.map((i) => Math.abs(inCodes.output.data[i]! - inFull.output.data[i]!));
    const bounds = indices.map(output);
    expect(quantile(bounds, 0.5)).toBeLessThan(quantile(costs, 0.5) / 10);
    expect(quantile(bounds, 0.9)).toBeLessThan(quantile(costs, 0.9) / 4);
    reference.dispose();
  },
);
