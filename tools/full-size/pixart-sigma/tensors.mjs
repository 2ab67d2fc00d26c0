// Names, shapes and scales of a checkpoint's weights, written down from the published formats and not from this repository's
// loaders, so that a test can hold the two against each other.
import { autoencoderConfig, textEncoderConfig, transformerConfig } from "./configs.mjs";

/**
 * @typedef {object} RandomTensor
 * @property {number[]} shape
 * @property {number} mean
 * @property {number} deviation
 */

/** A list of tensors that layers are added to. */
class Tensors {
  /** @type {Map<string, RandomTensor>} */
  list = new Map();

  add(name, shape, deviation, mean = 0) {
    this.list.set(name, { shape, mean, deviation });
  }

  /** Weights that keep the variance of what goes through them. */
  linear(name, inputs, outputs, bias = true) {
    this.add(`${name}.weight`, [outputs, inputs], inputs ** -0.5);
    if (bias) this.add(`${name}.bias`, [outputs], 0.02);
  }

  conv2d(name, inputs, outputs, kernel) {
    const shape = [outputs, inputs, kernel, kernel];
    this.add(`${name}.weight`, shape, (inputs * kernel * kernel) ** -0.5);
    this.add(`${name}.bias`, [outputs], 0.02);
  }

  norm(name, channels) {
    this.add(`${name}.weight`, [channels], 0.05, 1);
    this.add(`${name}.bias`, [channels], 0.02);
  }
}

export function textEncoderTensors() {
  const { d_model: model, d_ff: feedForward, d_kv: headDim, ...config } = textEncoderConfig;
  const inner = config.num_heads * headDim;
  const tensors = new Tensors();
  tensors.add("shared.weight", [config.vocab_size, model], 1);
  for (let layer = 0; layer < config.num_layers; layer++) {
    const attention = `encoder.block.${layer}.layer.0`;
    tensors.add(`${attention}.layer_norm.weight`, [model], 0.05, 1);
    // T5 does not divide by the square root of the head dim; its queries are small instead.
    tensors.add(`${attention}.SelfAttention.q.weight`, [inner, model], (model * headDim) ** -0.5);
    tensors.linear(`${attention}.SelfAttention.k`, model, inner, false);
    tensors.linear(`${attention}.SelfAttention.v`, model, inner, false);
    tensors.linear(`${attention}.SelfAttention.o`, inner, model, false);
    if (layer === 0) {
      const shape = [config.relative_attention_num_buckets, config.num_heads];
      tensors.add(`${attention}.SelfAttention.relative_attention_bias.weight`, shape, 0.5);
    }
    const dense = `encoder.block.${layer}.layer.1`;
    tensors.add(`${dense}.layer_norm.weight`, [model], 0.05, 1);
    tensors.linear(`${dense}.DenseReluDense.wi_0`, model, feedForward, false);
    tensors.linear(`${dense}.DenseReluDense.wi_1`, model, feedForward, false);
    tensors.linear(`${dense}.DenseReluDense.wo`, feedForward, model, false);
  }
  tensors.add("encoder.final_layer_norm.weight", [model], 0.05, 1);
  return tensors.list;
}

export function transformerTensors() {
  const config = transformerConfig;
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
