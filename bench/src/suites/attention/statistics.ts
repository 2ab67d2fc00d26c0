import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { BenchCase } from "../../measure/case.js";
import { timed } from "../../measure/interleave.js";
import { FMA_CEILING, MachineLimits } from "../../peers/limits.js";
import { ourContender, withoutOutput } from "../our-contender.js";
import type { SuiteContext } from "../suite.js";
import { OURS } from "./names.js";
import { attend, attentionProblem, sizeName, uploadAttention } from "./problem.js";
import { SIZES_OF_4096, secondsOf } from "./sizes.js";

const STATISTICS = "block statistics";

/** Block statistics of prepared operands, beside dense attention and the FMA ceiling. Their product is Q K^T, half of attention's. */
export function statisticsCases({ threads }: SuiteContext): BenchCase[] {
  return SIZES_OF_4096.map((size) => ({
    name: `statistics ${sizeName(size)}`,
    rounds: size.rounds,
    seconds: secondsOf(size) * 1.7,
    async open() {
      const { heads, headDim } = size;
      const problem = attentionProblem(size);
      const { flops, bytes } = problem;
      const backend = createCpuBackend({ threads });
      const tensors = uploadAttention(backend, problem);
      const operands = backend.prepareAttention({ ...tensors, heads, headDim });
      const { logSumExp } = backend.attention({ operands, returnLogSumExp: true });
      const statistics = timed(STATISTICS, async () => {
        using scope = backend.scope();
        scope.blockStatistics({ operands, logSumExp: logSumExp!, epsilon: 1e-3 });
        await scope.flush();
      });
      const limits = new MachineLimits(threads);
      return {
        contenders: [
          await limits.fma(),
          withoutOutput(
            ourContender({
              name: OURS,
              backend,
              info: { flops, bytes },
              issue: (scope) => attend(scope, { ...size, tensors }),
            }),
          ),
          {
            ...statistics,
            rows: {
              [STATISTICS]: {
                flops: flops / 2,
                comparisons: [
                  { against: OURS, as: "cost" },
                  { against: FMA_CEILING, as: "rate" },
                ],
              },
            },
          },
        ],
        async close() {
          await limits.close();
          backend.dispose();
        },
      };
    },
  }));
}
