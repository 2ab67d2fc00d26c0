import { z } from "zod";

/**
 * Configuration of diffusers' `CogVideoXDDIMScheduler` and `CogVideoXDPMScheduler` 0.42, with their defaults. Clipping is
 * named there and never done, so it is not read here.
 */
export const cogVideoXSchedulerConfig = z
  .object({
    _class_name: z.enum(["CogVideoXDDIMScheduler", "CogVideoXDPMScheduler"]),
    num_train_timesteps: z.number().int().min(2).default(1000),
    beta_start: z.number().positive().default(0.00085),
    beta_end: z.number().positive().lt(1).default(0.012),
    beta_schedule: z
      .enum(["linear", "scaled_linear", "squaredcos_cap_v2"])
      .default("scaled_linear"),
    trained_betas: z.null().default(null),
    set_alpha_to_one: z.boolean().default(true),
    steps_offset: z.number().int().nonnegative().default(0),
    prediction_type: z.enum(["epsilon", "sample", "v_prediction"]).default("epsilon"),
    timestep_spacing: z.enum(["linspace", "leading", "trailing"]).default("leading"),
    rescale_betas_zero_snr: z.boolean().default(false),
    snr_shift_scale: z.number().positive().default(3),
  })
  .refine((config) => !(config.rescale_betas_zero_snr && config.prediction_type === "epsilon"), {
    path: ["prediction_type"],
    message:
      "to be sample or v_prediction with rescale_betas_zero_snr, where the first step has no signal",
  });

export type CogVideoXSchedulerConfig = z.infer<typeof cogVideoXSchedulerConfig>;
