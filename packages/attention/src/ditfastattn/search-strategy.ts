import { type DeviceTensor, resolvePrecision } from "@paroattn/backend";
import { toFloat32 } from "@paroattn/tensor";
import { assertSameSubject, subjectOf } from "../calibrate/subject.js";
import { DENSE_WORK } from "../dense.js";
import { CalibrationError } from "../errors.js";
import type { AttentionRun, AttentionStrategy, GenerationInfo } from "../strategy.js";
import { windowMask } from "../window/window-mask.js";
import { relativeDifference } from "./relative-difference.js";
import type { FindSharingPlanOptions } from "./search-options.js";
import { SearchSteps } from "./search-steps.js";
import { SharedSites } from "./shared-sites.js";
import type { SharingPlan } from "./sharing-plan.js";

type SearchOptions = Pick<FindSharingPlanOptions, "resume" | "onStep" | "onProgress" | "signal"> &
  Pick<SharingPlan, "threshold" | "window" | "calibration">;

/** The strategy under a search: it has each step computed again and again until all of its layers are chosen. */
export function searchStrategy(options: SearchOptions): {
  readonly strategy: AttentionStrategy;
  /** Throws a `CalibrationError` before all steps were searched. */
  readonly result: () => SharingPlan;
} {
  let plan: SharingPlan | undefined;
  let started = false;
  return {
    strategy: {
      name: "ditfastattn-search",
      async start(generation) {
        if (started) {
          throw refused("all calibration pictures to be drawn together, in one generation", "two");
        }
        started = true;
        const { resume, threshold, window, calibration } = options;
        const subject = await subjectOf(generation);
        if (resume !== undefined) assertSameSubject(resume, subject);
        const found = resume?.methods ?? [];
        plan = { ...subject, threshold, window, methods: found, calibration };
        return searchRun(generation, {
          ...options,
          found,
          async onStep(methods) {
            plan = { ...plan!, methods };
            await options.onStep?.(plan);
          },
        });
      },
    },
    result() {
      const steps = plan?.methods.length ?? 0;
      if (plan !== undefined && steps === plan.timesteps.length) return plan;
      throw refused("generate to run the model to its last step", `${steps} steps`);
    },
  };
}

function searchRun(
  generation: GenerationInfo,
  options: Omit<SearchOptions, "onStep"> & {
    readonly found: SharingPlan["methods"];
    readonly onStep: (methods: SharingPlan["methods"]) => Promise<void>;
  },
): AttentionRun {
  const { backend, heads, layers, layout, steps: stepCount } = generation;
  const { threshold, found, onStep, onProgress, signal } = options;
  const precision = resolvePrecision();
  const arithmetic = backend.arithmetic(precision);
  const window = windowMask({ layout, heads, width: options.window });
  const sites = new SharedSites({ window, heads, precision, backend });
  const steps = new SearchSteps({ layers, threshold, found });
  /** The step's answer in full. */
  let reference: Float32Array = new Float32Array();
  let guided = false;
  let forwards = 0;

  const judge = async (output: DeviceTensor) => {
    const answer = toFloat32(await backend.read(output));
    if (steps.pass === "trial") return steps.judge(relativeDifference(answer, reference));
    reference = answer;
    steps.begin({ guided });
  };
  return {
    before: ({ layer }) => (steps.methodOf(layer) === "shareStep" ? "reuseOutput" : "compute"),
    attend(site, front) {
      signal?.throwIfAborted();
      if (site.step !== steps.step) {
        throw refused("a runtime that tells the run when a step is done", "one that does not");
      }
      guided ||= site.branches.includes("unconditional");
      const method = steps.methodOf(site.layer);
      // What comes later is not known yet, so all that could be needed is kept.
      const later = { output: true, residual: true };
      return sites.attend(site, front, { method, ...(steps.pass === "keep" && { later }) }).output;
    },
    async stepDone({ output }) {
      signal?.throwIfAborted();
      forwards += 1;
      const kept = steps.pass === "keep";
      const { step } = steps;
      if (kept) {
        steps.next();
        if (steps.found.length > found.length) await onStep([...steps.found]);
      } else {
        await judge(output);
      }
      const layer = kept ? layers : steps.layersChosen;
      onProgress?.({ step, steps: stepCount, layer, layers, forwards });
      return kept ? "take" : "again";
    },
    report: () => ({ ...DENSE_WORK, strategy: "ditfastattn-search", precision, arithmetic }),
    dispose: () => sites.dispose(),
  };
}

function refused(expected: string, found: string): CalibrationError {
  return new CalibrationError({ expected, found });
}
