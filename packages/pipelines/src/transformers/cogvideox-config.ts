import { z } from "zod";
import type { WeightNames, WeightSpec } from "../checkpoint/weight-spec.js";
import { weightSpec } from "../modules/spec-builder.js";

const size = z.number().int().positive();

/**
 * Configuration of diffusers' `CogVideoXTransformer3DModel`, with its defaults. CogVideoX 1.5 (patches over frames), learned
 * positions and the offsets of image-to-video are refused by name.
 */
export const cogVideoXConfig = z
  .object({
    _class_name: z.literal("CogVideoXTransformer3DModel"),
    num_attention_heads: size.default(30),
    attention_head_dim: size.default(64),
    in_channels: size.default(16),
    out_channels: size.nullable().default(16),
    flip_sin_to_cos: z.literal(true).default(true),
    freq_shift: z.literal(0).default(0),
    time_embed_dim: size.default(512),
    ofs_embed_dim: z.null().default(null),
    text_embed_dim: size.default(4096),
    num_layers: size.default(30),
    attention_bias: z.boolean().default(true),
    sample_width: size.default(90),
    sample_height: size.default(60),
    sample_frames: size.default(49),
    patch_size: size.default(2),
    patch_size_t: z.null().default(null),
    temporal_compression_ratio: size.default(4),
    max_text_seq_length: size.default(226),
    activation_fn: z.enum(["gelu-approximate", "gelu"]).default("gelu-approximate"),
    timestep_activation_fn: z.literal("silu").default("silu"),
    norm_elementwise_affine: z.boolean().default(true),
    norm_eps: z.number().positive().default(1e-5),
    spatial_interpolation_scale: z.number().positive().default(1.875),
    temporal_interpolation_scale: z.number().positive().default(1),
    use_rotary_positional_embeddings: z.boolean().default(false),
    use_learned_positional_embeddings: z.literal(false).default(false),
    patch_bias: z.boolean().default(true),
  })
  .transform((config) => ({
    ...config,
    channels: config.num_attention_heads * config.attention_head_dim,
    out_channels: config.out_channels ?? config.in_channels,
  }))
  .refine(
    ({ channels, use_rotary_positional_embeddings: rotary }) => rotary || channels % 16 === 0,
    {
      message: "to have num_attention_heads * attention_head_dim divisible by 16",
    },
  )
  .refine(
    ({ attention_head_dim: headDim, use_rotary_positional_embeddings: rotary }) =>
      !rotary || headDim % 16 === 0,
    {
      path: ["attention_head_dim"],
      message: "to be divisible by 16 with use_rotary_positional_embeddings",
    },
  );

export type CogVideoXConfig = z.infer<typeof cogVideoXConfig>;

/** Positions are computed; some files carry them. */
export const cogVideoXWeightNames: WeightNames = { ignorable: /^patch_embed\.pos_embedding$/ };

export function cogVideoXWeightSpec(config: CogVideoXConfig): WeightSpec {
  const { channels, patch_size: patch, attention_head_dim: headDim } = config;
  return weightSpec((spec) => {
    spec.conv2d("patch_embed.proj", config.in_channels, channels, patch, config.patch_bias);
    spec.linear("patch_embed.text_proj", config.text_embed_dim, channels);
    spec.linear("time_embedding.linear_1", channels, config.time_embed_dim);
    spec.linear("time_embedding.linear_2", config.time_embed_dim, config.time_embed_dim);
    for (let layer = 0; layer < config.num_layers; layer++) {
      const block = spec.within(`transformer_blocks.${layer}`);
      for (const name of ["norm1", "norm2"]) {
        block.linear(`${name}.linear`, config.time_embed_dim, 6 * channels);
        if (config.norm_elementwise_affine) block.norm(`${name}.norm`, channels);
      }
      const attention = block.within("attn1");
      for (const name of ["norm_q", "norm_k"]) attention.norm(name, headDim);
      for (const name of ["to_q", "to_k", "to_v"]) {
        attention.linear(name, channels, channels, config.attention_bias);
      }
      attention.linear("to_out.0", channels, channels);
      block.linear("ff.net.0.proj", channels, 4 * channels);
      block.linear("ff.net.2", 4 * channels, channels);
    }
    if (config.norm_elementwise_affine) {
      spec.norm("norm_final", channels);
      spec.norm("norm_out.norm", channels);
    }
    spec.linear("norm_out.linear", config.time_embed_dim, 2 * channels);
    spec.linear("proj_out", channels, patch * patch * config.out_channels);
  });
}
