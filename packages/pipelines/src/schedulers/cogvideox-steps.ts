import { PipelineError } from "../errors.js";
import { linspace, roundHalfEven } from "../modules/numpy.js";
import type { CogVideoXSchedulerConfig } from "./cogvideox-scheduler-config.js";
import { signalTable } from "./cogvideox-signal.js";
import type { SolverStep } from "./solver-step.js";

/**
 * The steps of a run of CogVideoX's schedulers; the initial noise has deviation 1.
 * Upstream: `CogVideoXDDIMScheduler` (Song et al. 2020, arXiv 2010.02502, without noise) and `CogVideoXDPMScheduler`
 * (SDE-DPM-Solver++ of order 2, Lu et al. 2022, arXiv 2211.01095) of diffusers.
 *
 * @throws PipelineError for more steps than training timesteps.
 */
export function cogVideoXSteps(config: CogVideoXSchedulerConfig, steps: number): SolverStep[] {
  const { num_train_timesteps: count } = config;
  if (steps > count) {
    throw new PipelineError(
      `Expected at most ${count} steps, as the model was trained, but found ${steps}`,
    );
  }
  const table = signalTable(config);
  const signalAt = (timestep: number) => {
    const end = config.set_alpha_to_one ? 1 : table[0]!;
    return timestep < 0 ? end : table[timestep]!;
  };
  const timesteps = spacedTimesteps(config, steps);
  if (timesteps[0]! >= count) {
    throw new PipelineError(
      `Expected timesteps below ${count} but found ${timesteps[0]}: ${steps} steps leave no room for steps_offset ${config.steps_offset}`,
    );
  }
  return timesteps.map((timestep, index) => {
    // Upstream steps by the whole quotient, even where "trailing" or "linspace" timesteps lie elsewhere.
    const end = timestep - Math.floor(count / steps);
    const from = signalAt(timestep);
    const to = signalAt(end);
    const before = index === 0 || end < 0 ? undefined : signalAt(timesteps[index - 1]!);
    const update =
      config._class_name === "CogVideoXDDIMScheduler" ? ddim(from, to) : dpm(from, to, before);
    return { timestep, ...prediction(config, from), ...update };
  });
}

function spacedTimesteps(config: CogVideoXSchedulerConfig, steps: number): number[] {
  const { num_train_timesteps: count, steps_offset: offset } = config;
  switch (config.timestep_spacing) {
    case "linspace":
      return linspace(0, count - 1, steps)
        .map(roundHalfEven)
        .reverse();
    case "leading": {
      const ratio = Math.floor(count / steps);
      return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * ratio + offset);
    }
    case "trailing": {
      const ratio = count / steps;
      const length = Math.ceil(count / ratio);
      return Array.from({ length }, (_, i) => roundHalfEven(count - i * ratio) - 1);
    }
  }
}

/** How the clean sample follows from the noisy one and the model's output. */
function prediction({ prediction_type: type }: CogVideoXSchedulerConfig, signal: number) {
  const [alpha, noise] = [Math.sqrt(signal), Math.sqrt(1 - signal)];
  switch (type) {
    case "epsilon":
      return { fromSample: 1 / alpha, fromOutput: -noise / alpha };
    case "sample":
      return { fromSample: 0, fromOutput: 1 };
    case "v_prediction":
      return { fromSample: alpha, fromOutput: -noise };
  }
}

type Update = Pick<SolverStep, "keep" | "weights" | "noise">;

function ddim(from: number, to: number): Update {
  const keep = Math.sqrt((1 - to) / (1 - from));
  return { keep, weights: [Math.sqrt(to) - Math.sqrt(from) * keep], noise: 0 };
}

/** `before` is the signal of the step before, where there is a prediction to extrapolate from. */
function dpm(from: number, to: number, before: number | undefined): Update {
  const lambda = (signal: number) => Math.log(Math.sqrt(signal / (1 - signal)));
  const h = lambda(to) - lambda(from);
  const keep = Math.sqrt((1 - to) / (1 - from)) * Math.exp(-h);
  const whole = -Math.expm1(-2 * h) * Math.sqrt(to);
  const noise = Math.sqrt(1 - to) * Math.sqrt(1 - Math.exp(-2 * h));
  if (before === undefined) return { keep, weights: [whole], noise };
  const slope = h / (2 * (lambda(from) - lambda(before)));
  return { keep, weights: [whole * (1 + slope), -whole * slope], noise };
}
