import type { DpmSolverConfig } from "./dpm-solver-config.js";

/**
 * Noise level of every training timestep, sqrt((1 - alphaProduct) / alphaProduct), in the single precision in which
 * diffusers keeps its tables (the running product is accumulated in double there too).
 */
export function trainingSigmas(config: DpmSolverConfig): Float32Array {
  const betas = trainingBetas(config);
  let product = 1;
  return betas.map((beta) => {
    product *= Math.fround(1 - beta);
    const rounded = Math.fround(product);
    return Math.sqrt(Math.fround(Math.fround(1 - rounded) / rounded));
  });
}

/** Noise added by every training timestep, in single precision. */
export function trainingBetas(
  config: Pick<
    DpmSolverConfig,
    "num_train_timesteps" | "beta_start" | "beta_end" | "beta_schedule"
  >,
): Float32Array {
  const { num_train_timesteps: count, beta_start: start, beta_end: end } = config;
  switch (config.beta_schedule) {
    case "linear":
      return Float32Array.from(
        { length: count },
        (_, i) => start + ((end - start) * i) / (count - 1),
      );
    case "scaled_linear": {
      const [low, high] = [Math.sqrt(start), Math.sqrt(end)];
      return Float32Array.from(
        { length: count },
        (_, i) => Math.fround(low + ((high - low) * i) / (count - 1)) ** 2,
      );
    }
    case "squaredcos_cap_v2": {
      const alphaBar = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
      return Float32Array.from({ length: count }, (_, i) =>
        Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
      );
    }
  }
}

/** Where a noise level lies among the training timesteps, by linear interpolation of the (single precision) logarithms. */
export function timestepOfSigma(sigma: number, sigmas: Float32Array): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  const logAt = (t: number) => Math.fround(Math.log(sigmas[t]!));
  let low = 0;
  while (low < sigmas.length - 2 && logAt(low + 1) <= logSigma) low += 1;
  const [lowLog, highLog] = [logAt(low), logAt(low + 1)];
  const weight = Math.min(1, Math.max(0, (lowLog - logSigma) / (lowLog - highLog)));
  return (1 - weight) * low + weight * (low + 1);
}
