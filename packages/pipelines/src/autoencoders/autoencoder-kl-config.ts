import { z } from "zod";
import type { WeightNames, WeightSpec } from "../checkpoint/weight-spec.js";
import { type SpecBuilder, weightSpec } from "../modules/spec-builder.js";

const size = z.number().int().positive();

/** Configuration of diffusers' `AutoencoderKL`, as far as decoding goes, with its defaults. */
export const autoencoderKlConfig = z
  .object({
    _class_name: z.literal("AutoencoderKL"),
    out_channels: z.literal(3).default(3),
    up_block_types: z.array(z.literal("UpDecoderBlock2D")).default(["UpDecoderBlock2D"]),
    block_out_channels: z.array(size).min(1).default([64]),
    layers_per_block: size.default(1),
    act_fn: z.literal("silu").default("silu"),
    latent_channels: size.default(4),
    norm_num_groups: size.default(32),
    scaling_factor: z.number().positive().default(0.18215),
    // PixArt's pipelines of diffusers would ignore these three.
    shift_factor: z.null().default(null),
    latents_mean: z.null().default(null),
    latents_std: z.null().default(null),
    use_post_quant_conv: z.boolean().default(true),
    mid_block_add_attention: z.boolean().default(true),
  })
  .refine(
    ({ block_out_channels: channels, norm_num_groups: groups }) =>
      channels.every((size) => size % groups === 0),
    {
      path: ["norm_num_groups"],
      message: "to divide every one of block_out_channels",
    },
  );

export type AutoencoderKlConfig = z.infer<typeof autoencoderKlConfig>;

/** Names of the attention's layers in files from before diffusers 0.15. */
const OLD_ATTENTION: Readonly<Record<string, string>> = {
  to_q: "query",
  to_k: "key",
  to_v: "value",
  "to_out.0": "proj_attn",
};

/** The encoder is not needed to draw. */
export const autoencoderKlWeightNames: WeightNames = {
  renames(name) {
    const parts = /^(decoder\.mid_block\.attentions\.0)\.(to_[qkv]|to_out\.0)\.(\w+)$/.exec(name);
    return parts === null ? undefined : `${parts[1]}.${OLD_ATTENTION[parts[2]!]}.${parts[3]}`;
  },
  ignorable: /^(encoder|quant_conv)\./,
};

/** Channels of the decoder's blocks, from the latents on. */
export function decoderChannels(config: AutoencoderKlConfig): number[] {
  return [...config.block_out_channels].reverse();
}

export function autoencoderKlWeightSpec(config: AutoencoderKlConfig): WeightSpec {
  const channels = decoderChannels(config);
  const top = channels[0]!;
  return weightSpec((spec) => {
    if (config.use_post_quant_conv) {
      spec.conv2d("post_quant_conv", config.latent_channels, config.latent_channels, 1);
    }
    const decoder = spec.within("decoder");
    decoder.conv2d("conv_in", config.latent_channels, top, 3);
    residualBlock(decoder.within("mid_block.resnets.0"), top, top);
    if (config.mid_block_add_attention) {
      const attention = decoder.within("mid_block.attentions.0");
      attention.norm("group_norm", top);
      for (const name of ["to_q", "to_k", "to_v", "to_out.0"]) attention.linear(name, top, top);
    }
    residualBlock(decoder.within("mid_block.resnets.1"), top, top);
    for (const [index, outputs] of channels.entries()) {
      const block = decoder.within(`up_blocks.${index}`);
      for (let layer = 0; layer <= config.layers_per_block; layer++) {
        const inputs = layer === 0 ? (channels[index - 1] ?? top) : outputs;
        residualBlock(block.within(`resnets.${layer}`), inputs, outputs);
      }
      if (index < channels.length - 1) block.conv2d("upsamplers.0.conv", outputs, outputs, 3);
    }
    const last = channels.at(-1)!;
    decoder.norm("conv_norm_out", last);
    decoder.conv2d("conv_out", last, config.out_channels, 3);
  });
}

function residualBlock(spec: SpecBuilder, inputs: number, outputs: number): void {
  spec.norm("norm1", inputs);
  spec.conv2d("conv1", inputs, outputs, 3);
  spec.norm("norm2", outputs);
  spec.conv2d("conv2", outputs, outputs, 3);
  if (inputs !== outputs) spec.conv2d("conv_shortcut", inputs, outputs, 1);
}
