import { type AttentionPrecision, resolvePrecision } from "@paroattn/backend";
import type { AxisOrder } from "@paroattn/reorder";
import { PlanError } from "../errors.js";
import { checkShape, warnOfOtherWeights } from "../plan/check-fit.js";
import { WorkTally } from "../run/work-tally.js";
import { defaultSchedule } from "../schedule/default-schedule.js";
import { ScheduleError } from "../schedule/schedule-error.js";
import { type StepRole, type StepSchedule, stepRoles } from "../schedule/step-schedule.js";
import type { AttentionStrategy, GenerationInfo } from "../strategy.js";
import { type WindowWidth, windowMask } from "../window/window-mask.js";
import { SharedSites } from "./shared-sites.js";
import { laterUse, type SharingMethod } from "./sharing-method.js";
import { faultOf, type SharingPlan } from "./sharing-plan.js";

export interface DitFastAttentionOptions {
  /** What to do at each step and layer, as `findSharingPlan` found it. Default: what the schedule says, alike in all layers. */
  readonly plan?: SharingPlan;
  /** Without a plan. Default: a quarter of a frame's tokens. */
  readonly window?: WindowWidth;
  /**
   * Without a plan: its dense steps and its refreshes are computed in full, its reused ones answer with the last output, and the
   * others are windows with what the last full one missed. Default: see `defaultSchedule`.
   */
  readonly schedule?: StepSchedule;
  /** In which the window's blocks are cut. Default: see `WindowMaskOptions`. */
  readonly order?: AxisOrder;
  /** Default: f32 for both products. */
  readonly precision?: AttentionPrecision;
}

/** The paper's eighth of the tokens to either side. */
export const DEFAULT_WINDOW: WindowWidth = { fraction: 1 / 4 };

const METHODS: Readonly<Record<StepRole, SharingMethod>> = {
  dense: "full",
  refresh: "full",
  sparse: "window",
  reuse: "shareStep",
};

/**
 * DiTFastAttn ([arXiv 2406.08552](https://arxiv.org/abs/2406.08552)): at each step and layer one of full attention, the conditional
 * branch alone for both, a window with what it missed when attention was last full, both of these, or the last output.
 *
 * `start` throws a `PlanError` for a plan of another model, layout or timesteps, an unfinished one, or one whose first step
 * goes by what was never computed; a `StrategyError` where the window keeps nothing; a `ScheduleError` for a schedule that does not go with
 * the run or begins with a window; and the backend's `UnsupportedError`. Other weights than the plan's are warned of.
 *
 * @example
 * const attention = ditFastAttention({ plan: await readSharingPlan("sharing.json") });
 */
export function ditFastAttention(options: DitFastAttentionOptions = {}): AttentionStrategy {
  const { plan, order } = options;
  const precision = resolvePrecision(options.precision);
  const strategy = "ditfastattn";
  return {
    name: strategy,
    async start(generation) {
      const { backend, heads, layout } = generation;
      const arithmetic = backend.arithmetic(precision);
      const methods =
        plan === undefined
          ? methodsOf(options.schedule ?? defaultSchedule(generation), generation)
          : await plannedMethods(plan, generation);
      const width = plan?.window ?? options.window ?? DEFAULT_WINDOW;
      const window = windowMask({ layout, heads, width, ...(order && { order }) });
      const sites = new SharedSites({ window, heads, precision, backend });
      const tally = new WorkTally();
      return {
        before: ({ step, layer }) =>
          methods[step]![layer] === "shareStep" ? "reuseOutput" : "compute",
        attend(site, front) {
          const method = methods[site.step]![site.layer]!;
          const attended = sites.attend(site, front, { method, later: laterUse(methods, site) });
          tally.add(attended, sites.bytes);
          return attended.output;
        },
        report: () => ({ ...tally.report(), strategy, precision, arithmetic }),
        dispose: () => sites.dispose(),
      };
    },
  };
}

function methodsOf(
  schedule: StepSchedule,
  { steps, layers }: GenerationInfo,
): readonly (readonly SharingMethod[])[] {
  const roles = stepRoles(schedule, steps);
  if (roles[0] === "sparse") {
    throw new ScheduleError({
      expected: "a dense step before the first window, which adds what it missed there,",
      found: "none before step 0",
    });
  }
  return roles.map((role) => new Array<SharingMethod>(layers).fill(METHODS[role]));
}

async function plannedMethods(
  plan: SharingPlan,
  generation: GenerationInfo,
): Promise<SharingPlan["methods"]> {
  checkShape(plan, generation);
  const { timesteps, methods } = plan;
  if (timesteps.join() !== generation.timesteps.join()) {
    throw new PlanError({
      expected: `the plan's ${timesteps.length} timesteps ${timesteps.join(", ")}`,
      found: `${generation.steps}: ${generation.timesteps.join(", ")}`,
    });
  }
  if (methods.length < timesteps.length) {
    throw new PlanError({
      expected: `a finished plan of ${timesteps.length} steps`,
      found: `${methods.length}`,
    });
  }
  const fault = faultOf(plan);
  if (fault !== undefined) throw new PlanError({ expected: "a sharing plan", found: fault });
  await warnOfOtherWeights(plan, generation);
  return methods;
}
