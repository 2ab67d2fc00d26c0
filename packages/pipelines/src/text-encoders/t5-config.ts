import { z } from "zod";
import type { WeightNames, WeightSpec } from "../checkpoint/weight-spec.js";
import { weightSpec } from "../modules/spec-builder.js";

const size = z.number().int().positive();

/** Configuration of transformers' `T5EncoderModel` (T5, T5 v1.1, flan-T5), with the defaults of `T5Config`. */
export const t5Config = z.object({
  model_type: z.literal("t5"),
  vocab_size: size.default(32128),
  d_model: size.default(512),
  d_kv: size.default(64),
  d_ff: size.default(2048),
  num_layers: size.default(6),
  num_heads: size.default(8),
  relative_attention_num_buckets: size.default(32),
  relative_attention_max_distance: size.default(128),
  layer_norm_epsilon: z.number().positive().default(1e-6),
  feed_forward_proj: z.enum(["relu", "gated-gelu"]).default("relu"),
});

export type T5Config = z.infer<typeof t5Config>;

/** The embedding may be stored under either name or under both; a whole T5 brings its decoder along. */
export const t5WeightNames: WeightNames = {
  renames: (name) => (name === "shared.weight" ? "encoder.embed_tokens.weight" : undefined),
  ignorable: /^(encoder\.embed_tokens\.|decoder\.|lm_head\.)/,
};

export function t5WeightSpec(config: T5Config): WeightSpec {
  const inner = config.num_heads * config.d_kv;
  return weightSpec((spec) => {
    spec.tensor("shared.weight", [config.vocab_size, config.d_model]);
    for (let layer = 0; layer < config.num_layers; layer++) {
      const attention = spec.within(`encoder.block.${layer}.layer.0`);
      attention.tensor("layer_norm.weight", [config.d_model]);
      for (const name of ["q", "k", "v"]) {
        attention.linear(`SelfAttention.${name}`, config.d_model, inner, false);
      }
      attention.linear("SelfAttention.o", inner, config.d_model, false);
      if (layer === 0) {
        attention.tensor("SelfAttention.relative_attention_bias.weight", [
          config.relative_attention_num_buckets,
          config.num_heads,
        ]);
      }
      const feedForward = spec.within(`encoder.block.${layer}.layer.1`);
      feedForward.tensor("layer_norm.weight", [config.d_model]);
      const inputs = config.feed_forward_proj === "relu" ? ["wi"] : ["wi_0", "wi_1"];
      for (const name of inputs) {
        feedForward.linear(`DenseReluDense.${name}`, config.d_model, config.d_ff, false);
      }
      feedForward.linear("DenseReluDense.wo", config.d_ff, config.d_model, false);
    }
    spec.tensor("encoder.final_layer_norm.weight", [config.d_model]);
  });
}
