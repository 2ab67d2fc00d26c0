import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { BenchCase } from "../../measure/case.js";
import { ourContender, withoutOutput } from "../our-contender.js";
import type { SuiteContext } from "../suite.js";
import { OURS } from "./names.js";
import { attend, attentionProblem, sizeName, uploadAttention } from "./problem.js";
import { randomPlan } from "./random-plan.js";
import { SIZES_OF_4096, secondsOf } from "./sizes.js";
import { sparseInfo } from "./sparse-info.js";

export const DENSITIES = [0.5, 0.3, 0.2, 0.1];

/** Block-sparse attention with random balanced masks, beside our dense attention. */
export function sparseCases({ threads }: SuiteContext): BenchCase[] {
  return SIZES_OF_4096.map((size) => ({
    name: `random masks ${sizeName(size)}`,
    rounds: size.rounds,
    seconds: secondsOf(size) * 2.2,
    async open() {
      const problem = attentionProblem(size);
      const backend = createCpuBackend({ threads });
      const tensors = uploadAttention(backend, problem);
      const dense = ourContender({
        name: OURS,
        backend,
        ...sparseInfo({ problem, name: OURS, density: 1 }),
        issue: (scope) => attend(scope, { ...size, tensors }),
      });
      const sparse = DENSITIES.map((asked) => {
        const plan = randomPlan({ ...size, density: asked });
        const mask = backend.prepareMask(plan.mask);
        const name = `${OURS} ${asked}`;
        return ourContender({
          name,
          backend,
          ...sparseInfo({ problem, name, density: plan.density }),
          issue: (scope) => attend(scope, { ...size, tensors, mask }),
        });
      });
      return {
        contenders: [dense, ...sparse].map(withoutOutput),
        close: () => backend.dispose(),
      };
    },
  }));
}
