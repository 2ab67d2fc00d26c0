import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { BenchCase } from "../../measure/case.js";
import { ourContender, withoutOutput } from "../our-contender.js";
import type { SuiteContext } from "../suite.js";
import { attend, attentionProblem, sizeName, uploadAttention } from "./problem.js";
import { randomPlan } from "./random-plan.js";
import { SIZES, secondsOf } from "./sizes.js";

const DENSITIES = [1, 0.3];

/** One thread and all of them, dense and block-sparse. Nothing to compare where there is one. */
export function threadCases({ threads }: SuiteContext): BenchCase[] {
  if (threads === 1) return [];
  const sizes = SIZES.filter(({ tokens, headDim }) => tokens <= 4096 && headDim === 64);
  return sizes.map((size) => ({
    name: `threads ${sizeName(size)}`,
    rounds: size.rounds,
    seconds: secondsOf(size) * 4,
    async open() {
      const problem = attentionProblem(size);
      const plans = DENSITIES.map((density) => randomPlan({ ...size, density }));
      const backends = [1, threads].map((count) => {
        const backend = createCpuBackend({ threads: count });
        return { count, backend, tensors: uploadAttention(backend, problem) };
      });
      const rowName = (density: number, count: number) =>
        `${density === 1 ? "dense" : density}, ${count} ${count === 1 ? "thread" : "threads"}`;
      const contenders = plans.flatMap(({ density, mask }, index) =>
        backends.map(({ count, backend, tensors }) => {
          const asked = DENSITIES[index]!;
          const prepared = asked === 1 ? undefined : backend.prepareMask(mask);
          return withoutOutput(
            ourContender({
              name: rowName(asked, count),
              backend,
              info: {
                flops: problem.flops * density,
                bytes: problem.bytes,
                ...(count > 1 && { comparisons: [{ against: rowName(asked, 1), as: "speed" }] }),
              },
              issue: (scope) =>
                attend(scope, { ...size, tensors, ...(prepared && { mask: prepared }) }),
            }),
          );
        }),
      );
      return {
        contenders,
        close() {
          for (const { backend } of backends) backend.dispose();
        },
      };
    },
  }));
}
