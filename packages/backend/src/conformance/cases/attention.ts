import { attentionBounds } from "../attention/bounds.js";
import { attend, makeInputs } from "../attention/inputs.js";
import { attentionSpecs } from "../attention/specs.js";
import type { ConformanceCase } from "../case.js";
import { expectClose } from "../compare.js";
import type { ConformanceSettings } from "../options.js";
import { runOnBoth } from "../run-on-both.js";

/** Output and log-sum-exp against the reference. */
export function attentionCases(settings: ConformanceSettings): ConformanceCase[] {
  const { dtype } = settings;
  return attentionSpecs.map((spec) => ({
    name: `attention: ${spec.name}`,
    operator: "attention",
    uses: ["prepareAttention", "attention", ...(spec.mask ? (["prepareMask"] as const) : [])],
    headDim: spec.headDim,
    bias: spec.bias ?? false,
    run: async (context) => {
      const { seed, reference } = context;
      const inputs = makeInputs(spec, { ...settings, seed });
      const { actual, expected } = await runOnBoth(
        context,
        (backend, as) => attend(backend, { ...inputs, dtype: as }),
        dtype,
      );
      const bounds = await attentionBounds(inputs, reference);
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
  }));
}
