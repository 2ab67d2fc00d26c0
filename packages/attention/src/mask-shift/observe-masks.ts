import type { BlockMask } from "@paroattn/sparse-masks";
import { denseAttention } from "../dense.js";
import { pictureOfRows } from "../masks/picture-of-rows.js";
import { StepMasks, type StepMemory } from "../masks/step-masks.js";
import { checkFit } from "../plan/check-fit.js";
import type { Plan } from "../plan/plan.js";
import { checkSteps } from "../schedule/step-schedule.js";
import type { AttentionRun, AttentionStrategy, GenerationInfo } from "../strategy.js";

/** The masks that one step of one picture asks for by itself. */
export interface StepObservation {
  /** 0-based step, and the training timestep that the model was asked for. */
  readonly step: number;
  readonly timestep: number;
  /** 0-based, among those that are drawn together. */
  readonly picture: number;
  /** One a layer: what calibrating on this step alone would keep, in the plan's orders and at its density. */
  readonly masks: readonly BlockMask[];
}

export interface ObserveMasksOptions extends StepMemory {
  readonly plan: Plan;
  /** 0-based steps to look at. */
  readonly steps: readonly number[];
  /** Called for each picture when a step that is looked at is over; the model waits for it. */
  readonly visit: (observation: StepObservation) => void | Promise<void>;
}

/**
 * A strategy that answers dense and, at some steps, makes masks of that step's own block statistics: how far the blocks that
 * matter move with the prompt, the seed and the step is for `maskShift` to say.
 *
 * `start` throws a `PlanError` for a plan that does not fit the model, and a `ScheduleError` for a step that is not there.
 */
export function observeMasks(options: ObserveMasksOptions): AttentionStrategy {
  return {
    name: "observe",
    async start(generation) {
      checkSteps("steps", options.steps, generation.steps);
      await checkFit(options.plan, generation);
      return observeRun(generation, options);
    },
  };
}

async function observeRun(
  generation: GenerationInfo,
  options: ObserveMasksOptions,
): Promise<AttentionRun> {
  const dense = await denseAttention().start(generation);
  const steps = new Set(options.steps);
  let current: StepMasks | undefined;
  const end = () => {
    current?.dispose();
    current = undefined;
  };
  return {
    before: (site) => dense.before(site),
    async attend(site, front) {
      const { step, timestep, branches } = site;
      if (!steps.has(step)) return dense.attend(site, front);
      const pictures = Math.max(...pictureOfRows(branches)) + 1;
      current ??= new StepMasks({ ...options, pictures });
      const output = await current.attend(site, front);
      if (current.complete) {
        const made = await current.make();
        end();
        for (const [picture, masks] of made.entries()) {
          await options.visit({ step, timestep, picture, masks });
        }
      }
      return output;
    },
    report: () => ({ ...dense.report(), strategy: "observe" }),
    dispose() {
      end();
      dense.dispose();
    },
  };
}
