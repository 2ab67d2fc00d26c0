// The JSON files of PixArt-Sigma XL/2 at 1024 pixels, as diffusers writes them.

import { textEncoderConfig } from "../t5-xxl.mjs";

const DIFFUSERS = "0.42.1";

export const transformerConfig = {
  _class_name: "PixArtTransformer2DModel",
  _diffusers_version: DIFFUSERS,
  activation_fn: "gelu-approximate",
  attention_bias: true,
  attention_head_dim: 72,
  attention_type: "default",
  caption_channels: 4096,
  cross_attention_dim: 1152,
  dropout: 0.0,
  in_channels: 4,
  interpolation_scale: 2,
  norm_elementwise_affine: false,
  norm_eps: 1e-6,
  norm_num_groups: 32,
  norm_type: "ada_norm_single",
  num_attention_heads: 16,
  num_embeds_ada_norm: 1000,
  num_layers: 28,
  out_channels: 8,
  patch_size: 2,
  sample_size: 128,
  upcast_attention: false,
  use_additional_conditions: false,
};

/** SDXL's autoencoder. */
export const autoencoderConfig = {
  _class_name: "AutoencoderKL",
  _diffusers_version: DIFFUSERS,
  act_fn: "silu",
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array(4).fill("DownEncoderBlock2D"),
  force_upcast: true,
  in_channels: 3,
  latent_channels: 4,
  latents_mean: null,
  latents_std: null,
  layers_per_block: 2,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 1024,
  scaling_factor: 0.13025,
  up_block_types: Array(4).fill("UpDecoderBlock2D"),
};

/** JSON files by path. */
export const jsonFiles = {
  "model_index.json": {
    _class_name: "PixArtSigmaPipeline",
    _diffusers_version: DIFFUSERS,
    scheduler: ["diffusers", "DPMSolverMultistepScheduler"],
    text_encoder: ["transformers", "T5EncoderModel"],
    tokenizer: ["transformers", "T5Tokenizer"],
    transformer: ["diffusers", "PixArtTransformer2DModel"],
    vae: ["diffusers", "AutoencoderKL"],
  },
  "scheduler/scheduler_config.json": {
    _class_name: "DPMSolverMultistepScheduler",
    _diffusers_version: DIFFUSERS,
    algorithm_type: "dpmsolver++",
    beta_end: 0.02,
    beta_schedule: "linear",
    beta_start: 0.0001,
    lower_order_final: true,
    num_train_timesteps: 1000,
    prediction_type: "epsilon",
    solver_order: 2,
    solver_type: "midpoint",
    thresholding: false,
    timestep_spacing: "linspace",
    trained_betas: null,
    use_karras_sigmas: false,
  },
  "text_encoder/config.json": textEncoderConfig,
  "transformer/config.json": transformerConfig,
  "vae/config.json": autoencoderConfig,
};
