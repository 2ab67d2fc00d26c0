import { CalibrationError } from "../errors.js";
import { differences, type ModelShape } from "../model-match.js";
import type { GenerationInfo } from "../strategy.js";

/** The model that is calibrated, as its first generation shows it. */
export interface CalibrationSubject extends ModelShape {
  readonly weightsFingerprint: string;
  /** Training timestep of each step. */
  readonly timesteps: readonly number[];
}

/** What a calibration must know of a generation. */
export async function subjectOf(generation: GenerationInfo): Promise<CalibrationSubject> {
  const { architecture, layout, layers, heads, timesteps } = generation;
  const weightsFingerprint = await generation.weightsFingerprint();
  return { architecture, layout, layers, heads, weightsFingerprint, timesteps: [...timesteps] };
}

/** Throws a `CalibrationError` where a later generation is of another model, size or schedule than the first. */
export function assertSameSubject(subject: CalibrationSubject, other: CalibrationSubject): void {
  const differing = differences(subject, other);
  if (differing !== undefined) {
    throw new CalibrationError({
      expected: `generations of one model and size to calibrate on: ${differing.expected},`,
      found: differing.found,
    });
  }
  if (subject.weightsFingerprint !== other.weightsFingerprint) {
    throw new CalibrationError({
      expected: `weights with fingerprint ${subject.weightsFingerprint} in every generation`,
      found: other.weightsFingerprint,
    });
  }
  if (subject.timesteps.join() !== other.timesteps.join()) {
    throw new CalibrationError({
      expected: `the timesteps ${subject.timesteps.join(", ")} in every generation`,
      found: other.timesteps.join(", "),
    });
  }
}
