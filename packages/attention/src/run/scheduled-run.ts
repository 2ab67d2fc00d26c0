import type { AttentionPrecision } from "@paroattn/backend";
import { ScheduleError } from "../schedule/schedule-error.js";
import { type StepRole, type StepSchedule, stepRoles } from "../schedule/step-schedule.js";
import type { AttentionFront, AttentionRun, AttentionSite, GenerationInfo } from "../strategy.js";
import type { Attended } from "./attended.js";
import { denseSite } from "./dense-site.js";
import { type KeptTensor, keepTensor } from "./kept-tensor.js";
import { SiteStore } from "./site-store.js";
import { WorkTally } from "./work-tally.js";

type Answer = (site: AttentionSite, front: AttentionFront) => Attended | Promise<Attended>;

/** What a strategy does at the steps that are its own. It holds the state of one run. */
export interface ScheduledMethod {
  /** Answers dense, and looks anew at what the sparse steps go by. Default: dense alone. */
  readonly refresh?: Answer;
  readonly sparse: Answer;
  /** Bytes that it keeps now. Default: none. */
  readonly keptBytes?: () => number;
  readonly dispose?: () => void;
}

/**
 * A run that follows a schedule: what all strategies do alike (dense steps, steps that reuse the last output, the report)
 * around what one of them does by itself. `method` is asked once the schedule and the precision are known to be possible.
 *
 * Throws a `ScheduleError` for a schedule that does not go with the run, and the backend's `UnsupportedError` for a
 * precision that it does not execute.
 */
export async function scheduledRun(options: {
  readonly strategy: string;
  readonly generation: GenerationInfo;
  readonly precision: AttentionPrecision;
  readonly schedule: StepSchedule;
  readonly method: (roles: readonly StepRole[]) => ScheduledMethod | Promise<ScheduledMethod>;
}): Promise<AttentionRun> {
  const { strategy, generation, precision, schedule } = options;
  const arithmetic = generation.backend.arithmetic(precision);
  const roles = stepRoles(schedule, generation.steps);
  const method = await options.method(roles);
  const outputs = new SiteStore<KeptTensor>();
  const tally = new WorkTally();

  const answers: Record<StepRole, Answer> = {
    dense: (_site, front) => denseSite(front, precision),
    refresh: (site, front) => method.refresh?.(site, front) ?? denseSite(front, precision),
    sparse: (site, front) => method.sparse(site, front),
    reuse: (site, { backend }) => ({ output: keptOutput(outputs, site).view(backend), density: 0 }),
  };
  return {
    before: ({ step }) => (roles[step] === "reuse" ? "reuseOutput" : "compute"),
    async attend(site, front) {
      const role = roles[site.step]!;
      const { output, density, dense = role === "refresh" } = await answers[role](site, front);
      if (role !== "reuse") outputs.delete(site);
      if (role !== "reuse" && roles[site.step + 1] === "reuse") {
        outputs.set(site, keepTensor(generation.backend, output));
      }
      tally.add({ density, dense }, outputs.bytes + (method.keptBytes?.() ?? 0));
      return output;
    },
    report: () => ({ ...tally.report(), strategy, precision, arithmetic }),
    dispose() {
      outputs.dispose();
      method.dispose?.();
    },
  };
}

function keptOutput(outputs: SiteStore<KeptTensor>, site: AttentionSite): KeptTensor {
  const kept = outputs.get(site);
  if (kept !== undefined) return kept;
  throw notThere(site);
}

/** For a site whose rows were not there when the run looked at what it goes by. */
export function notThere({ layer, branches, step }: AttentionSite): ScheduleError {
  return new ScheduleError({
    expected: `an earlier step with layer ${layer} of the branches ${branches.join(", ")}`,
    found: `step ${step} to be the first one`,
  });
}
