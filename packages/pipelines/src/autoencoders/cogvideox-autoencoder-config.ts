import { z } from "zod";
import type { WeightNames, WeightSpec } from "../checkpoint/weight-spec.js";
import { type SpecBuilder, weightSpec } from "../modules/spec-builder.js";

const size = z.number().int().positive();

/** Configuration of diffusers' `AutoencoderKLCogVideoX`, as far as decoding goes, with its defaults. */
export const cogVideoXAutoencoderConfig = z
  .object({
    _class_name: z.literal("AutoencoderKLCogVideoX"),
    out_channels: z.literal(3).default(3),
    up_block_types: z
      .array(z.literal("CogVideoXUpBlock3D"))
      .default(Array(4).fill("CogVideoXUpBlock3D")),
    block_out_channels: z.array(size).min(1).default([128, 256, 256, 512]),
    latent_channels: size.default(16),
    layers_per_block: size.default(3),
    act_fn: z.literal("silu").default("silu"),
    norm_num_groups: size.default(32),
    temporal_compression_ratio: size.default(4),
    sample_height: size.default(480),
    sample_width: size.default(720),
    scaling_factor: z.number().positive().default(1.15258426),
    // CogVideoX's pipeline of diffusers would ignore these three.
    shift_factor: z.null().default(null),
    latents_mean: z.null().default(null),
    latents_std: z.null().default(null),
    use_post_quant_conv: z.literal(false).default(false),
  })
  .refine(
    ({ block_out_channels: channels, norm_num_groups: groups }) =>
      channels.every((size) => size % groups === 0),
    {
      path: ["norm_num_groups"],
      message: "to divide every one of block_out_channels",
    },
  )
  .refine(
    ({ block_out_channels: channels, temporal_compression_ratio: ratio }) =>
      Number.isInteger(Math.log2(ratio)) && Math.log2(ratio) < channels.length,
    {
      path: ["temporal_compression_ratio"],
      message: "to be a power of two, of fewer doublings than there are block_out_channels",
    },
  );

export type CogVideoXAutoencoderConfig = z.infer<typeof cogVideoXAutoencoderConfig>;

/** The encoder is not needed to draw. */
export const cogVideoXAutoencoderWeightNames: WeightNames = {
  ignorable: /^(encoder|quant_conv)\./,
};

/** One resolution of the decoder, from the latents on. */
export interface DecoderLevel {
  readonly inputs: number;
  readonly outputs: number;
  /** Whether it ends by doubling the sides, and whether it doubles the frames with them. */
  readonly doublesSides: boolean;
  readonly doublesFrames: boolean;
}

export function decoderLevels(config: CogVideoXAutoencoderConfig): DecoderLevel[] {
  const channels = [...config.block_out_channels].reverse();
  return channels.map((outputs, index) => {
    const doublesSides = index < channels.length - 1;
    return {
      inputs: channels[index - 1] ?? outputs,
      outputs,
      doublesSides,
      doublesFrames: doublesSides && index < Math.log2(config.temporal_compression_ratio),
    };
  });
}

/** Pixels per latent along each side. */
export function latentSides(config: CogVideoXAutoencoderConfig): number {
  return 2 ** (config.block_out_channels.length - 1);
}

export function cogVideoXAutoencoderWeightSpec(config: CogVideoXAutoencoderConfig): WeightSpec {
  const levels = decoderLevels(config);
  const latents = config.latent_channels;
  const top = levels[0]!.outputs;
  const last = levels.at(-1)!.outputs;
  return weightSpec((spec) => {
    const decoder = spec.within("decoder");
    decoder.conv3d("conv_in.conv", latents, top, 3);
    for (const layer of [0, 1]) {
      residualBlock(decoder.within(`mid_block.resnets.${layer}`), {
        inputs: top,
        outputs: top,
        latents,
      });
    }
    for (const [index, { inputs, outputs, doublesSides }] of levels.entries()) {
      const block = decoder.within(`up_blocks.${index}`);
      for (let layer = 0; layer <= config.layers_per_block; layer++) {
        const from = layer === 0 ? inputs : outputs;
        residualBlock(block.within(`resnets.${layer}`), { inputs: from, outputs, latents });
      }
      if (doublesSides) block.conv2d("upsamplers.0.conv", outputs, outputs, 3);
    }
    spatialNorm(decoder.within("norm_out"), last, latents);
    decoder.conv3d("conv_out.conv", last, config.out_channels, 3);
  });
}

function residualBlock(
  spec: SpecBuilder,
  { inputs, outputs, latents }: { inputs: number; outputs: number; latents: number },
): void {
  spatialNorm(spec.within("norm1"), inputs, latents);
  spec.conv3d("conv1.conv", inputs, outputs, 3);
  spatialNorm(spec.within("norm2"), outputs, latents);
  spec.conv3d("conv2.conv", outputs, outputs, 3);
  if (inputs !== outputs) spec.conv3d("conv_shortcut", inputs, outputs, 1);
}

function spatialNorm(spec: SpecBuilder, channels: number, latents: number): void {
  spec.norm("norm_layer", channels);
  spec.conv3d("conv_y.conv", latents, channels, 1);
  spec.conv3d("conv_b.conv", latents, channels, 1);
}
