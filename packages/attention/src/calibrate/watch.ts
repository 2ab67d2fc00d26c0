import { type DeviceTensor, resolvePrecision } from "@paroattn/backend";
import { DENSE_WORK } from "../dense.js";
import { CalibrationError } from "../errors.js";
import type {
  AttentionFront,
  AttentionRun,
  AttentionSite,
  AttentionStrategy,
  GenerationInfo,
} from "../strategy.js";
import { assertSameSubject, type CalibrationSubject, subjectOf } from "./subject.js";

/** How far a pass is. */
export interface WatchProgress {
  /** 0-based index of the generation, in order of their starts. */
  readonly generation: number;
  /** Attention sites done, and to do, in this generation. */
  readonly site: number;
  readonly sites: number;
}

export interface WatchOptions {
  /** Called when the first generation starts, before its first step; may refuse it by throwing. */
  readonly begin?: ((subject: CalibrationSubject) => void) | undefined;
  readonly onProgress?: ((progress: WatchProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A strategy that answers dense and watches; what it saw is kept over all generations that use it. */
export interface Watch {
  readonly strategy: AttentionStrategy;
  /** The model that was watched. Throws a `CalibrationError` before the first generation. */
  subject(): CalibrationSubject;
}

/** The strategy under both passes of a calibration. No pipeline knows that it is being calibrated. */
export function watch(
  options: WatchOptions & {
    /** Answers dense and takes notes. */
    readonly attend: (
      site: AttentionSite,
      front: AttentionFront,
    ) => DeviceTensor | Promise<DeviceTensor>;
  },
): Watch {
  const { begin, onProgress, signal } = options;
  let first: CalibrationSubject | undefined;
  let generations = 0;

  function startRun({ backend, layers, steps }: GenerationInfo): AttentionRun {
    const generation = generations++;
    const precision = resolvePrecision();
    const arithmetic = backend.arithmetic(precision);
    return {
      before: () => "compute",
      async attend(site, front) {
        signal?.throwIfAborted();
        const output = await options.attend(site, front);
        const done = site.step * layers + site.layer + 1;
        onProgress?.({ generation, site: done, sites: layers * steps });
        return output;
      },
      report: () => ({ ...DENSE_WORK, strategy: "calibrate", precision, arithmetic }),
      dispose() {},
    };
  }

  return {
    subject() {
      if (first !== undefined) return first;
      throw new CalibrationError({
        expected: "generate to run the model with the strategy it is given",
        found: "no generation",
      });
    },
    strategy: {
      name: "calibrate",
      async start(generation) {
        signal?.throwIfAborted();
        const subject = await subjectOf(generation);
        if (first !== undefined) assertSameSubject(first, subject);
        else begin?.(subject);
        first ??= subject;
        return startRun(generation);
      },
    },
  };
}
