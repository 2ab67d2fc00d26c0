import { linspace, roundHalfEven } from "../modules/numpy.js";
import type { DpmSolverConfig } from "./dpm-solver-config.js";
import { timestepOfSigma, trainingSigmas } from "./noise-table.js";

/** The points of a run: what the model is asked at each step, and the noise before each step and after the last. */
export interface NoiseSchedule {
  /** Training timesteps, whole numbers as in diffusers, one a step. */
  readonly timesteps: readonly number[];
  /** One more than there are timesteps; the last is what remains at the end. */
  readonly sigmas: Float32Array;
}

/** `DPMSolverMultistepScheduler.set_timesteps`. The number of steps can differ by one with "trailing" spacing. */
export function noiseSchedule(config: DpmSolverConfig, steps: number): NoiseSchedule {
  const table = trainingSigmas(config);
  const { timesteps, sigmas } = points(config, steps, table);
  const last = config.final_sigmas_type === "zero" ? 0 : table[0]!;
  return { timesteps: timesteps.map(Math.trunc), sigmas: Float32Array.from([...sigmas, last]) };
}

function points(config: DpmSolverConfig, steps: number, table: Float32Array) {
  const [smallest, largest] = [table[0]!, table.at(-1)!];
  const ramp = (from: number, to: number) => linspace(from, to, steps);
  const located = (sigmas: number[], round: boolean) => ({
    sigmas,
    timesteps: sigmas.map((sigma) => {
      const timestep = timestepOfSigma(sigma, table);
      return round ? roundHalfEven(timestep) : timestep;
    }),
  });
  const round = config.beta_schedule !== "squaredcos_cap_v2";
  if (config.use_karras_sigmas) {
    const rho = 7;
    return located(
      ramp(largest ** (1 / rho), smallest ** (1 / rho)).map((root) => root ** rho),
      round,
    );
  }
  const logarithmic = () => ramp(Math.log(largest), Math.log(smallest)).map(Math.exp);
  if (config.use_lu_lambdas) return located(logarithmic(), round);
  if (config.use_exponential_sigmas) return located(logarithmic(), false);
  if (config.use_flow_sigmas) {
    const count = config.num_train_timesteps;
    const shift = config.flow_shift ?? 1;
    const sigmas = linspace(1, 1 / count, steps + 1)
      .map((alpha) => (shift * (1 - alpha)) / (1 + (shift - 1) * (1 - alpha)))
      .reverse()
      .slice(0, -1);
    return { sigmas, timesteps: sigmas.map((sigma) => sigma * count) };
  }
  const timesteps = spacedTimesteps(config, steps, table);
  const sigmas = timesteps.map((t) => table[Math.min(Math.max(t, 0), table.length - 1)]!);
  return { timesteps, sigmas };
}

/** Table 2 of Lin et al. 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed". */
function spacedTimesteps(config: DpmSolverConfig, steps: number, table: Float32Array): number[] {
  // lambda = log(alpha) - log(sigma) = -log(table) falls with t; timesteps below the clip are left out.
  const clipped = table.filter((sigma) => -Math.log(sigma) < config.lambda_min_clipped).length;
  const last = config.num_train_timesteps - clipped;
  switch (config.timestep_spacing) {
    case "linspace":
      return linspace(0, last - 1, steps + 1)
        .map(roundHalfEven)
        .reverse()
        .slice(0, -1);
    case "leading": {
      const ratio = Math.floor(last / (steps + 1));
      return Array.from({ length: steps }, (_, i) => (steps - i) * ratio + config.steps_offset);
    }
    case "trailing": {
      const ratio = config.num_train_timesteps / steps;
      return Array.from(
        { length: Math.ceil(last / ratio) },
        (_, i) => roundHalfEven(last - i * ratio) - 1,
      );
    }
  }
}
