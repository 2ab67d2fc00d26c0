import { describe, expect, it } from "vitest";
import { normalNoise } from "../src/random/normal-noise.js";
import { cogVideoXSchedulerConfig } from "../src/schedulers/cogvideox-scheduler-config.js";
import { cogVideoXSteps } from "../src/schedulers/cogvideox-steps.js";
import { dynamicGuidance } from "../src/schedulers/dynamic-guidance.js";
import { readJson, relativeError, TOLERANCE } from "./fixtures.js";

interface Row {
  readonly scheduler: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly seed: number;
  readonly timesteps: readonly number[];
  readonly samples: readonly (readonly number[])[];
}

const rows = readJson<Row[]>("cogvideox-schedules.json");
const parse = (row: Pick<Row, "scheduler" | "config">) =>
  cogVideoXSchedulerConfig.parse({ _class_name: row.scheduler, ...row.config });

describe("cogVideoXSteps", () => {
  it.each(
    rows.map(
      (row) => [`${row.scheduler} ${JSON.stringify(row.config)}, ${row.steps} steps`, row] as const,
    ),
  )("follows diffusers with %s", (_, row) => {
    const steps = cogVideoXSteps(parse(row), row.steps);
    expect(steps.map(({ timestep }) => timestep)).toEqual(row.timesteps);
    const index = row.samples[0]!.map((_, j) => j);
    let sample = index.map((j) => Math.cos(1.3 * j));
    const predictions: number[][] = [];
    for (const [step, solver] of steps.entries()) {
      const noise = normalNoise(row.seed, index.length, step + 1);
      predictions.unshift(
        index.map(
          (j) =>
            solver.fromSample * sample[j]! + solver.fromOutput * Math.sin(1.7 * step + 0.9 * j),
        ),
      );
      sample = index.map((j) =>
        solver.weights.reduce(
          (sum, weight, age) => sum + weight * predictions[age]![j]!,
          solver.keep * sample[j]! + solver.noise * noise[j]!,
        ),
      );
      expect(relativeError(sample, row.samples[step]!)).toBeLessThan(TOLERANCE);
    }
  });

  it("adds noise in the DPM scheduler only, and none in its last step", () => {
    const noises = (scheduler: string) =>
      cogVideoXSteps(parse({ scheduler, config: {} }), 4).map(({ noise }) => noise > 0);
    expect(noises("CogVideoXDPMScheduler")).toEqual([true, true, true, false]);
    expect(noises("CogVideoXDDIMScheduler")).toEqual([false, false, false, false]);
  });

  it("refuses more steps than training timesteps", () => {
    const config = parse({ scheduler: "CogVideoXDDIMScheduler", config: {} });
    expect(() => cogVideoXSteps(config, 1001)).toThrow(
      "Expected at most 1000 steps, as the model was trained, but found 1001",
    );
    expect(() => cogVideoXSteps({ ...config, steps_offset: 1 }, 1000)).toThrow(
      "1000 steps leave no room for steps_offset 1",
    );
  });

  it.each([
    [{ trained_betas: [0.1] }],
    [{ timestep_spacing: "karras" }],
    [{ prediction_type: "epsilon", rescale_betas_zero_snr: true }],
    [{ _class_name: "DDIMScheduler" }],
  ])("refuses %o", (change) => {
    const config = { _class_name: "CogVideoXDDIMScheduler", ...change };
    expect(cogVideoXSchedulerConfig.safeParse(config).success).toBe(false);
  });
});

describe("dynamicGuidance", () => {
  it("swings between 1 and 1 + guidance", () => {
    const scale = (timestep: number) => dynamicGuidance({ guidance: 6, timestep, steps: 1000 });
    expect(scale(1000)).toBe(1);
    expect(scale(0)).toBe(7);
    expect(scale(500)).toBeCloseTo(1 + 3 * (1 - Math.cos(Math.PI / 32)), 12);
  });
});
