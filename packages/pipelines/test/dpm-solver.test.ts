import { describe, expect, it } from "vitest";
import { dpmSolverConfig } from "../src/schedulers/dpm-solver-config.js";
import { dpmSolverSteps } from "../src/schedulers/dpm-solver-multistep.js";
import { noiseSchedule } from "../src/schedulers/timesteps.js";
import { readJson, relativeError, TOLERANCE } from "./fixtures.js";

interface Row {
  readonly config: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
  readonly samples: readonly (readonly number[])[];
}

const _class_name = "DPMSolverMultistepScheduler";
const rows = readJson<Row[]>("schedules.json");

describe("dpmSolverSteps", () => {
  it.each(rows.map((row) => [`${JSON.stringify(row.config)}, ${row.steps} steps`, row] as const))(
    "follows diffusers with %s",
    (_, row) => {
      const config = dpmSolverConfig.parse({ _class_name, ...row.config });
      const { timesteps, sigmas } = noiseSchedule(config, row.steps);
      expect(timesteps).toEqual(row.timesteps);
      expect(relativeError(sigmas, row.sigmas)).toBeLessThan(1e-6);

      const index = row.samples[0]!.map((_, j) => j);
      let sample = index.map((j) => Math.cos(1.3 * j));
      const predictions: number[][] = [];
      for (const [step, solver] of dpmSolverSteps(config, row.steps).entries()) {
        predictions.unshift(
          index.map(
            (j) =>
              solver.fromSample * sample[j]! + solver.fromOutput * Math.sin(1.7 * step + 0.9 * j),
          ),
        );
        sample = index.map((j) =>
          solver.weights.reduce(
            (sum, w, k) => sum + w * predictions[k]![j]!,
            solver.keep * sample[j]!,
          ),
        );
        expect(relativeError(sample, row.samples[step]!)).toBeLessThan(TOLERANCE);
      }
    },
  );

  it.each([
    ["algorithm_type", "sde-dpmsolver++"],
    ["thresholding", true],
    ["use_beta_sigmas", true],
    ["solver_type", "bh2"],
    ["variance_type", "learned"],
    ["rescale_betas_zero_snr", true],
    ["_class_name", "DDIMScheduler"],
  ])("refuses %s %s", (key, value) => {
    expect(dpmSolverConfig.safeParse({ _class_name, [key]: value }).success).toBe(false);
  });
});
