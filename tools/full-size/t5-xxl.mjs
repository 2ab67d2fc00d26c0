// T5 v1.1 XXL's encoder: the text encoder of PixArt-Sigma and of CogVideoX.
import { Tensors } from "./tensors.mjs";

export const textEncoderConfig = {
  architectures: ["T5EncoderModel"],
  d_ff: 10240,
  d_kv: 64,
  d_model: 4096,
  dense_act_fn: "gelu_new",
  dropout_rate: 0.1,
  dtype: "bfloat16",
  eos_token_id: 1,
  feed_forward_proj: "gated-gelu",
  is_encoder_decoder: false,
  is_gated_act: true,
  layer_norm_epsilon: 1e-6,
  model_type: "t5",
  num_heads: 64,
  num_layers: 24,
  pad_token_id: 0,
  relative_attention_max_distance: 128,
  relative_attention_num_buckets: 32,
  tie_word_embeddings: false,
  vocab_size: 32128,
};

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
