import type { DpmSolverConfig } from "./dpm-solver-config.js";
import type { SolverStep } from "./solver-step.js";
import { noiseSchedule } from "./timesteps.js";

/**
 * The steps of a run of DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095), multistep, order 1 to 3.
 * Upstream: `DPMSolverMultistepScheduler` of diffusers; the initial noise has deviation 1.
 */
export function dpmSolverSteps(config: DpmSolverConfig, steps: number): SolverStep[] {
  const { timesteps, sigmas } = noiseSchedule(config, steps);
  const few = config.lower_order_final && timesteps.length < 15;
  return timesteps.map((timestep, index) => {
    const fromEnd = timesteps.length - 1 - index;
    const first =
      fromEnd === 0 && (few || config.euler_at_final || config.final_sigmas_type === "zero");
    const order = first
      ? 1
      : Math.min(config.solver_order, index + 1, few && fromEnd === 1 ? 2 : 3);
    return {
      timestep,
      noise: 0,
      ...prediction(config, sigmas[index]!),
      ...update(
        config,
        Array.from({ length: order + 1 }, (_, back) => sigmas[index + 1 - back]!),
      ),
    };
  });
}

/** `_sigma_to_alpha_sigma_t`: signal and noise of a noise level. */
function signalAndNoise(config: DpmSolverConfig, sigma: number) {
  if (config.use_flow_sigmas) return { alpha: 1 - sigma, noise: sigma };
  const alpha = 1 / Math.sqrt(sigma ** 2 + 1);
  return { alpha, noise: sigma * alpha };
}

/** `convert_model_output`: how the clean sample follows from the noisy one and the model's output. */
function prediction(config: DpmSolverConfig, sigma: number) {
  const { alpha, noise } = signalAndNoise(config, sigma);
  switch (config.prediction_type) {
    case "epsilon":
      return { fromSample: 1 / alpha, fromOutput: -noise / alpha };
    case "sample":
      return { fromSample: 0, fromOutput: 1 };
    case "v_prediction":
      return { fromSample: alpha, fromOutput: -noise };
    case "flow_prediction":
      return { fromSample: 1, fromOutput: -sigma };
  }
}

/** The update from the noise levels of the step's end, its start, and the starts before it. */
function update(
  config: DpmSolverConfig,
  sigmas: readonly number[],
): Pick<SolverStep, "keep" | "weights"> {
  const points = sigmas.map((sigma) => signalAndNoise(config, sigma));
  const lambdas = points.map(({ alpha, noise }) => Math.log(alpha) - Math.log(noise));
  const [end, start] = [points[0]!, points[1]!];
  const keep = end.noise / start.noise;
  const h = lambdas[0]! - lambdas[1]!;
  const phi1 = end.alpha * Math.expm1(-h);
  if (sigmas.length === 2) return { keep, weights: [-phi1] };
  const phi2 = end.alpha * (Math.expm1(-h) / h + 1);
  const r0 = (lambdas[1]! - lambdas[2]!) / h;
  if (sigmas.length === 3) {
    const slope = (config.solver_type === "midpoint" ? -0.5 * phi1 : phi2) / r0;
    return { keep, weights: [-phi1 + slope, -slope] };
  }
  const phi3 = end.alpha * ((Math.expm1(-h) + h) / h ** 2 - 0.5);
  const r1 = (lambdas[2]! - lambdas[3]!) / h;
  // First differences are (m0 - m1) / r0 and (m1 - m2) / r1; these are their weights.
  const bend = (r0 * phi2 - phi3) / (r0 + r1);
  const newer = (phi2 + bend) / r0;
  const older = -bend / r1;
  return { keep, weights: [-phi1 + newer, -newer + older, -older] };
}
