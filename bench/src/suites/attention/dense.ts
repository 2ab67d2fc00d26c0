import { createCpuBackend } from "@paroattn/kernels-cpu";
import type { BenchCase } from "../../measure/case.js";
import { FMA_CEILING, MachineLimits } from "../../peers/limits.js";
import { ONNXRUNTIME } from "../../peers/onnxruntime.js";
import { TORCH } from "../../peers/torch.js";
import { openWithPeers } from "../open-with-peers.js";
import { ourContender, withoutOutput } from "../our-contender.js";
import type { SuiteContext } from "../suite.js";
import { kernelOf, OURS } from "./names.js";
import { attend, attentionProblem, sizeName, uploadAttention } from "./problem.js";
import { randomPlan } from "./random-plan.js";
import { SIZES, secondsOf } from "./sizes.js";

const DENSITY = 0.3;

/**
 * Dense FP32 attention beside the other libraries' and the FMA ceiling; and what takes its place: reordered attention at
 * density 0.3, its front and the device's copy of the plan's mask made anew each time.
 */
export function denseCases({ threads, peers }: SuiteContext): BenchCase[] {
  return SIZES.map((size) => ({
    name: `dense ${sizeName(size)}`,
    rounds: size.rounds,
    seconds: secondsOf(size) * (1.3 + peers.length),
    async open() {
      const problem = attentionProblem(size);
      const { flops, bytes } = problem;
      const plan = randomPlan({ ...size, density: DENSITY });
      const backend = createCpuBackend({ threads });
      const tensors = uploadAttention(backend, problem);
      const dense = ourContender({
        name: OURS,
        backend,
        info: {
          flops,
          bytes,
          comparisons: [
            { against: ONNXRUNTIME, as: "speed" },
            { against: TORCH, as: "speed" },
            { against: FMA_CEILING, as: "rate" },
          ],
        },
        parts: {
          attention: {
            name: kernelOf(OURS),
            info: { flops, bytes, comparisons: [{ against: FMA_CEILING, as: "rate" }] },
          },
        },
        issue: (scope) => attend(scope, { ...size, tensors }),
      });
      const reordered = ourContender({
        name: `${OURS} ${DENSITY}, plan and front`,
        backend,
        info: {
          flops: flops * plan.density,
          bytes,
          comparisons: [
            { against: ONNXRUNTIME, as: "speed" },
            { against: OURS, as: "speed" },
          ],
        },
        issue: (scope) =>
          attend(scope, { ...size, plan, tensors, mask: scope.prepareMask(plan.mask) }),
      });
      const limits = new MachineLimits(threads);
      return openWithPeers({
        operation: problem.operation,
        inputs: problem.inputs,
        peers,
        first: [await limits.fma()],
        ours: [dense, withoutOutput(reordered)],
        async close() {
          await limits.close();
          backend.dispose();
        },
      });
    },
  }));
}
