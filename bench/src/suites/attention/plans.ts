import { denseAttention, makePlans, type Plan, planMask, readPlan } from "@paroattn/attention";
import type { Backend } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { loadPipeline } from "@paroattn/pipelines";
import { partitionLayout } from "@paroattn/reorder";
import { checkpointFolder, planFile, readPrompts } from "@paroattn/sample-image";
import type { BenchCase } from "../../measure/case.js";
import { ourContender, withoutOutput } from "../our-contender.js";
import type { SuiteContext } from "../suite.js";
import { OURS } from "./names.js";
import { attend, attentionProblem, sizeName, uploadAttention } from "./problem.js";
import type { LayerPlan } from "./random-plan.js";
import { SIZES_OF_4096, secondsOf } from "./sizes.js";
import { DENSITIES } from "./sparse.js";
import { sparseInfo } from "./sparse-info.js";

const SEED = 1;
const STEPS = 4;

/**
 * Block-sparse attention with the sample model's real plans: all of its layers in turn, beside our dense attention of as many. The
 * plan of each density keeps the shipped plan's orders, and its masks come from a short calibration.
 */
export function planCases({ threads, say }: SuiteContext): BenchCase[] {
  const [grid] = SIZES_OF_4096;
  const heads = 3;
  const layers = 5;
  const size = { ...grid!, heads, headDim: 64 };
  return [
    {
      name: `real plans ${layers} x ${sizeName(size)}`,
      rounds: size.rounds,
      seconds: secondsOf({ ...size, heads: heads * layers }) * 2.2,
      async open() {
        const backend = createCpuBackend({ threads });
        say("calibrate the sample model");
        const plans = await calibratedPlans(backend);
        const problem = attentionProblem(size);
        const tensors = uploadAttention(backend, problem);
        const whole = { flops: problem.flops * layers, bytes: problem.bytes * layers };
        const contender = (
          name: string,
          density: number,
          all: readonly (LayerPlan | undefined)[],
        ) => {
          const layersOf = all.map((plan) => ({
            plan,
            mask: plan && backend.prepareMask(plan.mask),
          }));
          return withoutOutput(
            ourContender({
              name,
              backend,
              ...sparseInfo({ problem: whole, name, density }),
              issue: (scope) =>
                layersOf
                  .map(({ plan, mask }) =>
                    attend(scope, {
                      ...size,
                      tensors,
                      ...(plan && { plan }),
                      ...(mask && { mask }),
                    }),
                  )
                  .at(-1)!,
            }),
          );
        };
        const sparse = plans.map((plan, index) => {
          const all = lastBucket(plan);
          const density = all.reduce((sum, layer) => sum + layer.density, 0) / all.length;
          return contender(`${OURS} ${DENSITIES[index]}`, density, all);
        });
        return {
          contenders: [contender(OURS, 1, Array(layers).fill(undefined)), ...sparse],
          close: () => backend.dispose(),
        };
      },
    },
  ];
}

async function calibratedPlans(backend: Backend): Promise<Plan[]> {
  const shipped = await readPlan(planFile);
  await using pipeline = await loadPipeline(checkpointFolder, {
    backend,
    attention: denseAttention(),
  });
  const prompt = (await readPrompts("calibration"))[0]!;
  return makePlans({
    densities: DENSITIES,
    forcedOrders: shipped.orders,
    prompts: [prompt],
    seeds: [SEED],
    generate: async (attention) => {
      await pipeline.generate({ prompt, seed: SEED, steps: STEPS, guidance: 1, attention });
    },
  });
}

/** The masks of the second half of the steps, a layer each. */
function lastBucket(plan: Plan): LayerPlan[] {
  const partition = partitionLayout(plan.layout);
  const bucket = plan.buckets.steps.length - 1;
  return plan.orders.map((orders, layer) => {
    const mask = planMask(plan, { bucket, layer });
    const density = mask.density({ queryPartition: partition, keyPartition: partition });
    return { layout: plan.layout, orders, mask, density };
  });
}
