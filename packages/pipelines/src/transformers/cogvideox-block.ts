import type { Backend, DeviceTensor, QueryKeyNorm, RotaryEmbedding } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { linear } from "../modules/layers.js";
import type { SelfAttention } from "../modules/self-attention.js";
import type { CogVideoXConfig } from "./cogvideox-config.js";

/** Text and video share attention and weights, but each is normalised and gated by itself. */
export interface TwoStreams {
  /** [batch, text tokens, channels]. */
  readonly text: DeviceTensor;
  /** [batch, visual tokens, channels]. */
  readonly video: DeviceTensor;
}

export interface CogVideoXBlockCall {
  readonly backend: Backend;
  readonly config: CogVideoXConfig;
  /** Of this block. */
  readonly weights: Weights;
  readonly layer: number;
  readonly hidden: TwoStreams;
  /** [batch, time_embed_dim], from the timestep, activated. */
  readonly time: DeviceTensor;
  readonly norm: QueryKeyNorm;
  /** None with sincos positions. */
  readonly rope: RotaryEmbedding | undefined;
  readonly attend: SelfAttention;
}

/** One block of CogVideoX. Upstream: `CogVideoXBlock`. */
export async function cogVideoXBlock(call: CogVideoXBlockCall): Promise<TwoStreams> {
  const { backend, weights, hidden, layer } = call;
  const attention = modulate(call, "norm1", hidden);
  const self = weights.within("attn1");
  const attended = await call.attend({
    layer,
    rows: hidden.video.shape[0]!,
    backend,
    project() {
      const { text, video } = attention.normed();
      const input = backend.concat({ inputs: [text, video], axis: 1 });
      return {
        query: linear({ backend, weights: self.within("to_q"), input }),
        key: linear({ backend, weights: self.within("to_k"), input }),
        value: linear({ backend, weights: self.within("to_v"), input }),
        norm: call.norm,
        ...(call.rope && { rope: call.rope }),
      };
    },
  });
  const output = linear({ backend, weights: self.within("to_out.0"), input: attended });
  const textTokens = hidden.text.shape[1]!;
  const part = (start: number, end: number) =>
    backend.slice({ input: output, axis: 1, start, end });
  const afterAttention = attention.gated({
    text: part(0, textTokens),
    video: part(textTokens, output.shape[1]!),
  });

  const feed = modulate(call, "norm2", afterAttention);
  const { text, video } = feed.normed();
  return feed.gated({ text: feedForward(call, text), video: feedForward(call, video) });
}

/** Adaptive norm and gate of both streams around one sublayer. Upstream: `CogVideoXLayerNormZero`. */
function modulate(
  { backend, config, weights, time }: CogVideoXBlockCall,
  name: "norm1" | "norm2",
  hidden: TwoStreams,
) {
  const layer = weights.within(name);
  const all = linear({ backend, weights: layer.within("linear"), input: time });
  const { channels } = config;
  const row = (index: number) =>
    backend.slice({ input: all, axis: 1, start: index * channels, end: (index + 1) * channels });
  const normed = (input: DeviceTensor, first: number) =>
    backend.layerNorm({
      input,
      ...normWeights(config, layer.within("norm")),
      shift: row(first),
      scale: row(first + 1),
      epsilon: config.norm_eps,
    });
  const gated = (residual: DeviceTensor, value: DeviceTensor, gate: number) =>
    backend.addGated({ residual, value, gate: row(gate) });
  return {
    normed: (): TwoStreams => ({ text: normed(hidden.text, 3), video: normed(hidden.video, 0) }),
    gated: (values: TwoStreams): TwoStreams => ({
      text: gated(hidden.text, values.text, 5),
      video: gated(hidden.video, values.video, 2),
    }),
  };
}

/** Weight and bias of a layer norm, if this model has them. */
export function normWeights(config: CogVideoXConfig, weights: Weights) {
  if (!config.norm_elementwise_affine) return {};
  return { weight: weights.get("weight"), bias: weights.get("bias") };
}

function feedForward(
  { backend, config, weights }: CogVideoXBlockCall,
  input: DeviceTensor,
): DeviceTensor {
  const net = weights.within("ff.net");
  const activation = config.activation_fn === "gelu" ? "gelu" : "geluTanh";
  const inner = linear({ backend, weights: net.within("0.proj"), input, activation });
  return linear({ backend, weights: net.within("2"), input: inner });
}
