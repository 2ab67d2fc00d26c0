import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { linear } from "../modules/layers.js";
import { type OnLayer, whenRun } from "../modules/on-layer.js";
import { uploadIntegers } from "../modules/upload.js";
import { relativePositionBucket } from "./relative-position.js";
import type { T5Config } from "./t5-config.js";

/** Token ids of a batch of texts, of any lengths; the shorter ones are padded here. */
export type TokenIds = readonly (readonly number[])[];

/** Upstream: `T5EncoderModel` of transformers. */
export interface T5Encoder {
  /** Last hidden states, [texts, longest text, d_model]; rows beyond a text's length mean nothing. */
  encode(backend: Backend, ids: TokenIds, onLayer?: OnLayer): DeviceTensor;
}

export const PADDING_ID = 0;

export function createT5Encoder(config: T5Config, weights: Weights): T5Encoder {
  return {
    encode(backend, ids, onLayer) {
      using scope = backend.scope();
      const keyLengths = ids.map((text) => text.length);
      const tokens = Math.max(...keyLengths);
      const padded = ids.flatMap((text) => [
        ...text,
        ...Array<number>(tokens - text.length).fill(PADDING_ID),
      ]);
      const bias = positionBias({ backend: scope, config, weights, tokens });
      let hidden = scope.embedding({
        table: weights.get("shared.weight"),
        ids: uploadIntegers(scope, padded, ids.length, tokens),
      });
      for (let layer = 0; layer < config.num_layers; layer++) {
        const block = { config, weights: weights.within(`encoder.block.${layer}.layer`) };
        using inner = scope.scope();
        const attended = selfAttention({ ...block, backend: inner, hidden, bias, keyLengths });
        const output = inner.keep(feedForward({ ...block, backend: inner, hidden: attended }));
        hidden.dispose();
        hidden = output;
        whenRun({ scope: inner, layer, layers: config.num_layers, onLayer });
      }
      const weight = weights.get("encoder.final_layer_norm.weight");
      return scope.keep(
        scope.rmsNorm({ input: hidden, weight, epsilon: config.layer_norm_epsilon }),
      );
    },
  };
}

/** [heads, tokens, tokens], the same in every layer. */
function positionBias(options: {
  backend: Backend;
  config: T5Config;
  weights: Weights;
  tokens: number;
}): DeviceTensor {
  const { backend, config, tokens } = options;
  const buckets = Int32Array.from({ length: tokens * tokens }, (_, i) =>
    relativePositionBucket({
      position: (i % tokens) - Math.floor(i / tokens),
      buckets: config.relative_attention_num_buckets,
      maximumDistance: config.relative_attention_max_distance,
    }),
  );
  const name = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";
  const input = backend.embedding({
    table: options.weights.get(name),
    ids: uploadIntegers(backend, buckets, tokens, tokens),
  });
  return backend.permute({ input, axes: [2, 0, 1] });
}

interface BlockCall {
  readonly backend: Backend;
  readonly config: T5Config;
  /** Of one block: `0` is its attention, `1` its feed-forward. */
  readonly weights: Weights;
  readonly hidden: DeviceTensor;
}

function selfAttention(
  call: BlockCall & { bias: DeviceTensor; keyLengths: readonly number[] },
): DeviceTensor {
  const { backend, config, hidden, bias, keyLengths } = call;
  const weights = call.weights.within("0");
  const input = backend.rmsNorm({
    input: hidden,
    weight: weights.get("layer_norm.weight"),
    epsilon: config.layer_norm_epsilon,
  });
  const project = (name: string) =>
    linear({ backend, weights: weights.within(`SelfAttention.${name}`), input });
  const operands = backend.prepareAttention({
    query: project("q"),
    key: project("k"),
    value: project("v"),
    heads: config.num_heads,
    headDim: config.d_kv,
    keyLengths,
    scale: 1,
    label: "text",
  });
  const { output } = backend.attention({ operands, bias });
  return linear({
    backend,
    weights: weights.within("SelfAttention.o"),
    input: output,
    residual: hidden,
  });
}

function feedForward({ backend, config, hidden, weights: block }: BlockCall): DeviceTensor {
  const weights = block.within("1");
  const input = backend.rmsNorm({
    input: hidden,
    weight: weights.get("layer_norm.weight"),
    epsilon: config.layer_norm_epsilon,
  });
  const dense = weights.within("DenseReluDense");
  const gated = config.feed_forward_proj === "gated-gelu";
  const inner = gated
    ? backend.multiply({
        a: linear({ backend, weights: dense.within("wi_0"), input, activation: "geluTanh" }),
        b: linear({ backend, weights: dense.within("wi_1"), input }),
      })
    : linear({ backend, weights: dense.within("wi"), input, activation: "relu" });
  return linear({ backend, weights: dense.within("wo"), input: inner, residual: hidden });
}
