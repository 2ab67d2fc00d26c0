import type {
  Backend,
  DeviceTensor,
  LinearOptions,
  QueryKeyNorm,
  RotaryEmbedding,
} from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { affine, linear } from "../modules/layers.js";
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
  const { backend, config, weights, hidden, layer } = call;
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
  const textTokens = hidden.text.shape[1]!;
  const output = (after: After, start: number, end: number) =>
    linear({
      backend,
      weights: self.within("to_out.0"),
      input: backend.slice({ input: attended, axis: 1, start, end }),
      ...after,
    });
  const afterAttention = {
    text: output(attention.after.text, 0, textTokens),
    video: output(attention.after.video, textTokens, attended.shape[1]!),
  };

  const feed = modulate(call, "norm2", afterAttention);
  const net = weights.within("ff.net");
  const feedForward = (input: DeviceTensor, after: After) =>
    backend.feedForward({
      input,
      inner: affine(net.within("0.proj")),
      activation: config.activation_fn === "gelu" ? "gelu" : "geluTanh",
      outer: affine(net.within("2")),
      ...after,
    });
  const { text, video } = feed.normed();
  return {
    text: feedForward(text, feed.after.text),
    video: feedForward(video, feed.after.video),
  };
}

/** What a sublayer does with its result. */
type After = Required<Pick<LinearOptions, "gate" | "residual">>;

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
  return {
    normed: (): TwoStreams => ({ text: normed(hidden.text, 3), video: normed(hidden.video, 0) }),
    after: {
      text: { gate: row(5), residual: hidden.text },
      video: { gate: row(2), residual: hidden.video },
    },
  };
}

/** Weight and bias of a layer norm, if this model has them. */
export function normWeights(config: CogVideoXConfig, weights: Weights) {
  if (!config.norm_elementwise_affine) return {};
  return { weight: weights.get("weight"), bias: weights.get("bias") };
}
