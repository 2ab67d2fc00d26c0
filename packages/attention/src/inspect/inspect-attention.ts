import { denseAttention } from "../dense.js";
import { checkFit } from "../plan/check-fit.js";
import type { Plan } from "../plan/plan.js";
import type { AttentionRun, AttentionStrategy, GenerationInfo } from "../strategy.js";
import { InspectionError } from "./inspection-error.js";
import type { LayerView } from "./layer-view.js";
import { viewLayer } from "./view-layer.js";

/** How far an inspected generation is. */
export interface InspectionProgress {
  /** `before` the step that is looked at, or `at` it, where every layer takes longer. */
  readonly stage: "before" | "at";
  /** Layers done in this stage, and to do. */
  readonly site: number;
  readonly sites: number;
}

export interface InspectAttentionOptions {
  /** Whose orders and masks are looked at. Its scoring's alpha, sigma and epsilon are used. */
  readonly plan: Plan;
  /** 0-based step to look at. Default: the middle one, floor(steps / 2). */
  readonly step?: number;
  /** The one layer to look at, 0-based. Default: all. */
  readonly layer?: number;
  /** Called for each layer that is looked at, in order; the model waits for it. */
  readonly visit: (view: LayerView) => void | Promise<void>;
  readonly onProgress?: (progress: InspectionProgress) => void;
}

/**
 * A strategy that answers dense and, at one step, shows what PARO sees in every head: its block map in each order with the
 * scores, and the plan's mask over it. The model need not run on once the last layer was visited.
 *
 * `start` throws a `PlanError` for a plan that does not fit the model, and an `InspectionError` for a layer or a step that
 * is not there, naming those that are.
 *
 * @example
 * const attention = inspectAttention({ plan, layer: 2, visit: ({ heads }) => console.log(heads[0].keptMass) });
 * await pipeline.generate({ prompt: "a red circle", seed: 7, attention });
 */
export function inspectAttention(options: InspectAttentionOptions): AttentionStrategy {
  return {
    name: "inspect",
    async start(generation) {
      await checkFit(options.plan, generation);
      const { step, layer } = options;
      if (layer !== undefined) checkIndex("layer", layer, generation.layers);
      if (step !== undefined) checkIndex("step", step, generation.steps);
      return inspectRun(generation, options);
    },
  };
}

async function inspectRun(
  generation: GenerationInfo,
  options: InspectAttentionOptions,
): Promise<AttentionRun> {
  const { plan, visit, onProgress } = options;
  const { layers, steps } = generation;
  const watched = options.step ?? Math.floor(steps / 2);
  const dense = await denseAttention().start(generation);
  return {
    before: (site) => dense.before(site),
    async attend(site, front) {
      const { step, layer } = site;
      if (step === watched && (options.layer ?? layer) === layer) {
        const { output, view } = await viewLayer({ plan, site, front });
        await visit(view);
        onProgress?.({ stage: "at", site: layer + 1, sites: layers });
        return output;
      }
      const output = await dense.attend(site, front);
      if (step < watched) {
        onProgress?.({ stage: "before", site: step * layers + layer + 1, sites: watched * layers });
      }
      return output;
    },
    report: () => ({ ...dense.report(), strategy: "inspect" }),
    dispose: () => dense.dispose(),
  };
}

function checkIndex(name: string, index: number, size: number): void {
  if (Number.isInteger(index) && index >= 0 && index < size) return;
  throw new InspectionError({
    expected: `a ${name} from 0 to ${size - 1}`,
    found: String(index),
  });
}
