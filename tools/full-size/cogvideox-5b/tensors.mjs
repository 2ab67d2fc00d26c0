// Names, shapes and scales of a checkpoint's weights, written down from the published formats and not from this repository's
// loaders, so that a test can hold the two against each other.
import { Tensors } from "../tensors.mjs";
import { autoencoderConfig, transformerConfig } from "./configs.mjs";

export function transformerTensors(config = transformerConfig) {
  const { attention_head_dim: headDim, time_embed_dim: time, patch_size: patch } = config;
  const channels = config.num_attention_heads * headDim;
  const tensors = new Tensors();
  tensors.conv2d("patch_embed.proj", config.in_channels, channels, patch);
  tensors.linear("patch_embed.text_proj", config.text_embed_dim, channels);
  tensors.linear("time_embedding.linear_1", channels, time);
  tensors.linear("time_embedding.linear_2", time, time);
  for (let layer = 0; layer < config.num_layers; layer++) {
    const block = `transformer_blocks.${layer}`;
    for (const norm of ["norm1", "norm2"]) {
      tensors.linear(`${block}.${norm}.linear`, time, 6 * channels);
      tensors.norm(`${block}.${norm}.norm`, channels);
    }
    for (const norm of ["norm_q", "norm_k"]) tensors.norm(`${block}.attn1.${norm}`, headDim);
    for (const name of ["to_q", "to_k", "to_v", "to_out.0"]) {
      tensors.linear(`${block}.attn1.${name}`, channels, channels);
    }
    tensors.linear(`${block}.ff.net.0.proj`, channels, 4 * channels);
    tensors.linear(`${block}.ff.net.2`, 4 * channels, channels);
  }
  tensors.norm("norm_final", channels);
  tensors.linear("norm_out.linear", time, 2 * channels);
  tensors.norm("norm_out.norm", channels);
  tensors.linear("proj_out", channels, patch * patch * config.out_channels);
  return tensors.list;
}

export function autoencoderTensors() {
  const { block_out_channels: channels, latent_channels: latents, ...config } = autoencoderConfig;
  const tensors = new Tensors();
  /** In the decoder every norm looks at the latents again. */
  const norm = (name, size, spatial) => {
    if (!spatial) return tensors.norm(name, size);
    tensors.norm(`${name}.norm_layer`, size);
    tensors.conv3d(`${name}.conv_y.conv`, latents, size, 1);
    tensors.conv3d(`${name}.conv_b.conv`, latents, size, 1);
  };
  const residual = (name, { inputs, outputs, spatial }) => {
    norm(`${name}.norm1`, inputs, spatial);
    tensors.conv3d(`${name}.conv1.conv`, inputs, outputs, 3);
    norm(`${name}.norm2`, outputs, spatial);
    tensors.conv3d(`${name}.conv2.conv`, outputs, outputs, 3);
    if (inputs !== outputs) tensors.conv3d(`${name}.conv_shortcut`, inputs, outputs, 1);
  };
  const top = channels.at(-1);
  const middle = (part, spatial) => {
    for (const layer of [0, 1]) {
      residual(`${part}.mid_block.resnets.${layer}`, { inputs: top, outputs: top, spatial });
    }
  };
  const blocks = (part, list, { layers, resize, spatial }) => {
    for (const [index, outputs] of list.entries()) {
      for (let layer = 0; layer < layers; layer++) {
        const inputs = layer > 0 ? outputs : (list[index - 1] ?? list[0]);
        residual(`${part}.${index}.resnets.${layer}`, { inputs, outputs, spatial });
      }
      if (index === list.length - 1) continue;
      tensors.conv2d(`${part}.${index}.${resize}.0.conv`, outputs, outputs, 3);
    }
  };

  const { layers_per_block: layers } = config;
  tensors.conv3d("encoder.conv_in.conv", config.in_channels, channels[0], 3);
  blocks("encoder.down_blocks", channels, { layers, resize: "downsamplers", spatial: false });
  middle("encoder", false);
  norm("encoder.norm_out", top, false);
  tensors.conv3d("encoder.conv_out.conv", top, 2 * latents, 3);
  tensors.conv3d("decoder.conv_in.conv", latents, top, 3);
  middle("decoder", true);
  blocks("decoder.up_blocks", [...channels].reverse(), {
    layers: layers + 1,
    resize: "upsamplers",
    spatial: true,
  });
  norm("decoder.norm_out", channels[0], true);
  tensors.conv3d("decoder.conv_out.conv", channels[0], config.out_channels, 3);
  return tensors.list;
}
