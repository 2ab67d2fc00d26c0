import type { AttentionPrecision } from "../../attention-types.js";
import { attend, makeInputs } from "../attention/inputs.js";
import { quantizedBounds } from "../attention/quantized-bounds.js";
import { onTheCodes, quantizedFrontSpec, quantizedSpecs } from "../attention/quantized-specs.js";
import { variantName } from "../attention/quantized-variants.js";
import type { AttentionSpec } from "../attention/spec.js";
import type { ConformanceCase } from "../case.js";
import { expectClose, expectThat } from "../compare.js";
import type { ConformanceSettings } from "../options.js";
import { runOnBoth } from "../run-on-both.js";

/** Output and log-sum-exp in each quantized precision that the backend is stated to execute. */
export function quantizedAttentionCases(settings: ConformanceSettings): ConformanceCase[] {
  return (settings.quantized ?? []).flatMap((precision) => {
    const exactFront = precision.keySmoothing === true ? [] : [quantizedFrontSpec];
    return [...quantizedSpecs, ...exactFront].map((spec) =>
      quantizedCase(spec, precision, settings),
    );
  });
}

function quantizedCase(
  spec: AttentionSpec,
  precision: AttentionPrecision,
  settings: ConformanceSettings,
): ConformanceCase {
  const { dtype } = settings;
  return {
    name: `attention in ${variantName(precision)}: ${spec.name}`,
    operator: "attention",
    uses: ["prepareAttention", "attention", ...(spec.mask ? (["prepareMask"] as const) : [])],
    headDim: spec.headDim,
    bias: spec.bias ?? false,
    run: async (context) => {
      const { backend, reference, seed } = context;
      const arithmetic = backend.arithmetic(precision);
      expectThat(
        arithmetic === "native" || arithmetic === "simulated",
        `expected the arithmetic to be native or simulated but found ${String(arithmetic)}`,
      );
      const made = makeInputs(spec, { ...settings, precision: { precision }, seed });
      const inputs = spec === quantizedFrontSpec ? onTheCodes(made) : made;
      const { actual, expected } = await runOnBoth(
        context,
        (device, as) => attend(device, { ...inputs, dtype: as }),
        dtype,
      );
      const bounds = await quantizedBounds({ ...inputs, dtype: "f32" }, reference);
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: bounds.output,
        dtype,
      });
      expectClose({
        what: "logSumExp",
        actual: actual.logSumExp,
        expected: expected.logSumExp,
        bound: bounds.logSumExp,
      });
    },
  };
}
