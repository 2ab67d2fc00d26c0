import { attentionBounds } from "../attention/bounds.js";
import { attend, makeInputs } from "../attention/inputs.js";
import { attentionSpecs } from "../attention/specs.js";
import type { ConformanceCase } from "../case.js";
import { expectClose } from "../compare.js";
import { runOnBoth } from "../run-on-both.js";

/** Output and log-sum-exp against the reference. */
export function attentionCases(): ConformanceCase[] {
  return attentionSpecs.map((spec) => ({
    name: `attention: ${spec.name}`,
    operator: "attention",
    run: async (context) => {
      const inputs = makeInputs(spec, context.seed);
      const { actual, expected } = await runOnBoth(context, (backend) => attend(backend, inputs));
      const bounds = attentionBounds(inputs);
      expectClose({
        what: "output",
        actual: actual.output,
        expected: expected.output,
        bound: bounds.output,
      });
      expectClose({
        what: "logSumExp",
        actual: actual.logSumExp,
        expected: expected.logSumExp,
        bound: (_, value) => bounds.logSumExp(value),
      });
    },
  }));
}
