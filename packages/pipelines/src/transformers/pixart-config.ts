import { z } from "zod";
import type { WeightNames, WeightSpec } from "../checkpoint/weight-spec.js";
import { weightSpec } from "../modules/spec-builder.js";
import { TIMESTEP_CHANNELS } from "./sinusoids.js";

const size = z.number().int().positive();

/** Configuration of diffusers' `PixArtTransformer2DModel`, first published as `Transformer2DModel`, with its defaults. */
export const pixArtConfig = z
  .object({
    _class_name: z.enum(["PixArtTransformer2DModel", "Transformer2DModel"]),
    num_attention_heads: size.default(16),
    attention_head_dim: size.default(72),
    in_channels: size.default(4),
    out_channels: size.nullable().default(8),
    num_layers: size.default(28),
    cross_attention_dim: size.default(1152),
    attention_bias: z.boolean().default(true),
    sample_size: size.default(128),
    patch_size: size.default(2),
    activation_fn: z.enum(["gelu-approximate", "gelu", "geglu"]).default("gelu-approximate"),
    norm_type: z.literal("ada_norm_single").default("ada_norm_single"),
    norm_elementwise_affine: z.boolean().default(false),
    norm_eps: z.number().positive().default(1e-6),
    interpolation_scale: z.number().positive().nullable().default(null),
    use_additional_conditions: z.boolean().nullable().default(null),
    caption_channels: size.nullable().default(null),
    attention_type: z.literal("default").nullable().default("default"),
    only_cross_attention: z.literal(false).default(false),
    double_self_attention: z.literal(false).default(false),
    use_linear_projection: z.literal(false).nullable().default(false),
    num_vector_embeds: z.null().default(null),
  })
  .transform((config) => ({
    ...config,
    channels: config.num_attention_heads * config.attention_head_dim,
    out_channels: config.out_channels ?? config.in_channels,
    interpolation_scale:
      config.interpolation_scale ?? Math.max(Math.floor(config.sample_size / 64), 1),
    use_additional_conditions: config.use_additional_conditions ?? config.sample_size === 128,
  }))
  .refine(({ channels }) => channels % 4 === 0, {
    message: "to have num_attention_heads * attention_head_dim divisible by 4",
  })
  .refine((config) => !config.use_additional_conditions || config.channels % 3 === 0, {
    message:
      "to have num_attention_heads * attention_head_dim divisible by 3 with use_additional_conditions",
  });

export type PixArtConfig = z.infer<typeof pixArtConfig>;

/** Positions are computed; some files carry them. */
export const pixArtWeightNames: WeightNames = { ignorable: /^pos_embed\.pos_embed$/ };

export function pixArtWeightSpec(config: PixArtConfig): WeightSpec {
  const { channels, patch_size: patch } = config;
  return weightSpec((spec) => {
    spec.conv2d("pos_embed.proj", config.in_channels, channels, patch);
    const embedder = (name: string, outputs: number) => {
      spec.linear(`adaln_single.emb.${name}.linear_1`, TIMESTEP_CHANNELS, outputs);
      spec.linear(`adaln_single.emb.${name}.linear_2`, outputs, outputs);
    };
    embedder("timestep_embedder", channels);
    if (config.use_additional_conditions) {
      embedder("resolution_embedder", channels / 3);
      embedder("aspect_ratio_embedder", channels / 3);
    }
    spec.linear("adaln_single.linear", channels, 6 * channels);
    if (config.caption_channels !== null) {
      spec.linear("caption_projection.linear_1", config.caption_channels, channels);
      spec.linear("caption_projection.linear_2", channels, channels);
    }
    for (let layer = 0; layer < config.num_layers; layer++) {
      const block = spec.within(`transformer_blocks.${layer}`);
      block.tensor("scale_shift_table", [6, channels]);
      for (const [name, keyChannels] of [
        ["attn1", channels],
        ["attn2", config.cross_attention_dim],
      ] as const) {
        block.linear(`${name}.to_q`, channels, channels, config.attention_bias);
        block.linear(`${name}.to_k`, keyChannels, channels, config.attention_bias);
        block.linear(`${name}.to_v`, keyChannels, channels, config.attention_bias);
        block.linear(`${name}.to_out.0`, channels, channels);
      }
      if (config.norm_elementwise_affine) {
        block.norm("norm1", channels);
        block.norm("norm2", channels);
      }
      const gated = config.activation_fn === "geglu";
      block.linear("ff.net.0.proj", channels, (gated ? 8 : 4) * channels);
      block.linear("ff.net.2", 4 * channels, channels);
    }
    spec.tensor("scale_shift_table", [2, channels]);
    spec.linear("proj_out", channels, patch * patch * config.out_channels);
  });
}
