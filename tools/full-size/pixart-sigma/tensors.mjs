// Names, shapes and scales of a checkpoint's weights, written down from the published formats and not from this repository's
// loaders, so that a test can hold the two against each other.
import { Tensors } from "../tensors.mjs";
import { autoencoderConfig, transformerConfig } from "./configs.mjs";

export function transformerTensors(config = transformerConfig) {
  const channels = config.num_attention_heads * config.attention_head_dim;
  const patch = config.patch_size;
  const tensors = new Tensors();
  tensors.conv2d("pos_embed.proj", config.in_channels, channels, patch);
  tensors.linear("adaln_single.emb.timestep_embedder.linear_1", 256, channels);
  tensors.linear("adaln_single.emb.timestep_embedder.linear_2", channels, channels);
  tensors.linear("adaln_single.linear", channels, 6 * channels);
  tensors.linear("caption_projection.linear_1", config.caption_channels, channels);
  tensors.linear("caption_projection.linear_2", channels, channels);
  for (let layer = 0; layer < config.num_layers; layer++) {
    const block = `transformer_blocks.${layer}`;
    tensors.add(`${block}.scale_shift_table`, [6, channels], channels ** -0.5);
    for (const attention of ["attn1", "attn2"]) {
      for (const name of ["to_q", "to_k", "to_v", "to_out.0"]) {
        tensors.linear(`${block}.${attention}.${name}`, channels, channels);
      }
    }
    tensors.linear(`${block}.ff.net.0.proj`, channels, 4 * channels);
    tensors.linear(`${block}.ff.net.2`, 4 * channels, channels);
  }
  tensors.add("scale_shift_table", [2, channels], channels ** -0.5);
  tensors.linear("proj_out", channels, patch * patch * config.out_channels);
  return tensors.list;
}

export function autoencoderTensors() {
  const { block_out_channels: channels, latent_channels: latents, ...config } = autoencoderConfig;
  const tensors = new Tensors();
  const residual = (name, inputs, outputs) => {
    tensors.norm(`${name}.norm1`, inputs);
    tensors.conv2d(`${name}.conv1`, inputs, outputs, 3);
    tensors.norm(`${name}.norm2`, outputs);
    tensors.conv2d(`${name}.conv2`, outputs, outputs, 3);
    if (inputs !== outputs) tensors.conv2d(`${name}.conv_shortcut`, inputs, outputs, 1);
  };
  const top = channels.at(-1);
  const middle = (name) => {
    residual(`${name}.resnets.0`, top, top);
    tensors.norm(`${name}.attentions.0.group_norm`, top);
    for (const layer of ["to_q", "to_k", "to_v", "to_out.0"]) {
      tensors.linear(`${name}.attentions.0.${layer}`, top, top);
    }
    residual(`${name}.resnets.1`, top, top);
  };
  const blocks = (part, list, { layers, resize }) => {
    for (const [index, outputs] of list.entries()) {
      const block = `${part}_blocks.${index}`;
      for (let layer = 0; layer < layers; layer++) {
        const inputs = layer > 0 ? outputs : (list[index - 1] ?? list[0]);
        residual(`${block}.resnets.${layer}`, inputs, outputs);
      }
      if (index < list.length - 1) tensors.conv2d(`${block}.${resize}.0.conv`, outputs, outputs, 3);
    }
  };

  tensors.conv2d("encoder.conv_in", config.in_channels, channels[0], 3);
  blocks("encoder.down", channels, { layers: config.layers_per_block, resize: "downsamplers" });
  middle("encoder.mid_block");
  tensors.norm("encoder.conv_norm_out", top);
  tensors.conv2d("encoder.conv_out", top, 2 * latents, 3);
  tensors.conv2d("quant_conv", 2 * latents, 2 * latents, 1);
  tensors.conv2d("post_quant_conv", latents, latents, 1);
  tensors.conv2d("decoder.conv_in", latents, top, 3);
  middle("decoder.mid_block");
  blocks("decoder.up", [...channels].reverse(), {
    layers: config.layers_per_block + 1,
    resize: "upsamplers",
  });
  tensors.norm("decoder.conv_norm_out", channels[0]);
  tensors.conv2d("decoder.conv_out", channels[0], config.out_channels, 3);
  return tensors.list;
}
