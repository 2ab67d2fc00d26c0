import { z } from "zod";

const off = z.literal(false).default(false);

/** Configuration of diffusers' `DPMSolverMultistepScheduler` 0.42, with its defaults; what is not served is refused by name. */
export const dpmSolverConfig = z.object({
  _class_name: z.literal("DPMSolverMultistepScheduler"),
  num_train_timesteps: z.number().int().min(2).default(1000),
  beta_start: z.number().positive().default(0.0001),
  beta_end: z.number().positive().lt(1).default(0.02),
  beta_schedule: z.enum(["linear", "scaled_linear", "squaredcos_cap_v2"]).default("linear"),
  trained_betas: z.null().default(null),
  solver_order: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(2),
  prediction_type: z
    .enum(["epsilon", "sample", "v_prediction", "flow_prediction"])
    .default("epsilon"),
  thresholding: off,
  algorithm_type: z.literal("dpmsolver++").default("dpmsolver++"),
  solver_type: z.enum(["midpoint", "heun"]).default("midpoint"),
  lower_order_final: z.boolean().default(true),
  euler_at_final: z.boolean().default(false),
  use_karras_sigmas: z.boolean().nullable().default(false),
  use_exponential_sigmas: z.boolean().nullable().default(false),
  use_beta_sigmas: z.union([z.literal(false), z.null()]).default(false),
  use_lu_lambdas: z.boolean().nullable().default(false),
  use_flow_sigmas: z.boolean().nullable().default(false),
  flow_shift: z.number().positive().nullable().default(1),
  final_sigmas_type: z.enum(["zero", "sigma_min"]).default("zero"),
  lambda_min_clipped: z
    .custom<number>((value) => typeof value === "number" && !Number.isNaN(value), "to be a number")
    .default(Number.NEGATIVE_INFINITY),
  variance_type: z.null().default(null),
  timestep_spacing: z.enum(["linspace", "leading", "trailing"]).default("linspace"),
  steps_offset: z.number().int().default(0),
  rescale_betas_zero_snr: off,
  use_dynamic_shifting: off,
});

export type DpmSolverConfig = z.infer<typeof dpmSolverConfig>;
