import type { CogVideoXSchedulerConfig } from "./cogvideox-scheduler-config.js";
import { trainingBetas } from "./noise-table.js";

/**
 * Share of signal (the product of 1 - beta) in the power of every training timestep: shifted to lower signal-to-noise
 * ratios as in Stable Diffusion 3 (Esser et al. 2024, arXiv 2403.03206), then, if asked, stretched so that the last has
 * none (Lin et al. 2023, arXiv 2305.08891, algorithm 1). Upstream keeps `scaled_linear` in double and the others in single.
 */
export function signalTable(config: CogVideoXSchedulerConfig): Float64Array {
  const { snr_shift_scale: scale } = config;
  let product = 1;
  const shifted = betas(config).map((beta) => {
    product *= 1 - beta;
    return product / (scale + (1 - scale) * product);
  });
  return config.rescale_betas_zero_snr ? withoutSignalAtTheEnd(shifted) : shifted;
}

function betas(config: CogVideoXSchedulerConfig): Float64Array {
  if (config.beta_schedule !== "scaled_linear") return Float64Array.from(trainingBetas(config));
  const { num_train_timesteps: count, beta_start: start, beta_end: end } = config;
  const [low, high] = [Math.sqrt(start), Math.sqrt(end)];
  return Float64Array.from(
    { length: count },
    (_, i) => (low + ((high - low) * i) / (count - 1)) ** 2,
  );
}

function withoutSignalAtTheEnd(table: Float64Array): Float64Array {
  const roots = table.map(Math.sqrt);
  const [first, last] = [roots[0]!, roots.at(-1)!];
  return roots.map((root) => (((root - last) * first) / (first - last)) ** 2);
}
