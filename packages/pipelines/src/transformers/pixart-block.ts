import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { linear } from "../modules/layers.js";
import type { SelfAttention } from "../modules/self-attention.js";
import { allRows } from "../modules/upload.js";
import type { PixArtConfig } from "./pixart-config.js";

/** What a layer's cross-attention needs of the text, the same in every step. */
export interface TextKeys {
  /** [batch, text tokens, channels]. */
  readonly key: DeviceTensor;
  readonly value: DeviceTensor;
}

export interface BlockCall {
  readonly backend: Backend;
  readonly config: PixArtConfig;
  /** Of this block. */
  readonly weights: Weights;
  readonly layer: number;
  /** [batch, tokens, channels]. */
  readonly hidden: DeviceTensor;
  /** [batch, 6, channels], from the timestep. */
  readonly modulation: DeviceTensor;
  readonly text: TextKeys;
  readonly textLengths: readonly number[];
  readonly attend: SelfAttention;
}

/** One block of PixArt. Upstream: `BasicTransformerBlock` with `norm_type="ada_norm_single"`. */
export async function pixArtBlock(call: BlockCall): Promise<DeviceTensor> {
  const { backend, config, weights, layer } = call;
  const [shiftAttention, scaleAttention, gateAttention, shiftFeed, scaleFeed, gateFeed] =
    modulationRows(call);
  const norm = (name: "norm1" | "norm2", input: DeviceTensor, by: [DeviceTensor, DeviceTensor]) =>
    backend.layerNorm({
      input,
      ...(config.norm_elementwise_affine && {
        weight: weights.get(`${name}.weight`),
        bias: weights.get(`${name}.bias`),
      }),
      shift: by[0],
      scale: by[1],
      epsilon: config.norm_eps,
    });

  const self = weights.within("attn1");
  const attended = await call.attend({
    layer,
    backend,
    project() {
      const input = norm("norm1", call.hidden, [shiftAttention, scaleAttention]);
      return {
        query: linear({ backend, weights: self.within("to_q"), input }),
        key: linear({ backend, weights: self.within("to_k"), input }),
        value: linear({ backend, weights: self.within("to_v"), input }),
      };
    },
  });
  const afterSelf = backend.addGated({
    residual: call.hidden,
    value: linear({ backend, weights: self.within("to_out.0"), input: attended }),
    gate: gateAttention,
  });
  const afterCross = backend.add({ a: afterSelf, b: crossAttention(call, afterSelf) });
  const input = norm("norm2", afterCross, [shiftFeed, scaleFeed]);
  const value = feedForward({ backend, config, weights: weights.within("ff.net"), input });
  return backend.addGated({ residual: afterCross, value, gate: gateFeed });
}

type Six<T> = [T, T, T, T, T, T];

/** Shift, scale and gate of attention, then of the feed-forward, [batch, channels] each. */
function modulationRows({ backend, config, weights, modulation }: BlockCall): Six<DeviceTensor> {
  const table = allRows(backend, weights.get("scale_shift_table"));
  const sum = backend.add({ a: modulation, b: table });
  return Array.from({ length: 6 }, (_, row) =>
    backend.reshape({
      input: backend.slice({ input: sum, axis: 1, start: row, end: row + 1 }),
      shape: [-1, config.channels],
    }),
  ) as Six<DeviceTensor>;
}

function crossAttention(call: BlockCall, input: DeviceTensor): DeviceTensor {
  const { backend, config } = call;
  const weights = call.weights.within("attn2");
  const operands = backend.prepareAttention({
    query: linear({ backend, weights: weights.within("to_q"), input }),
    ...call.text,
    heads: config.num_attention_heads,
    headDim: config.attention_head_dim,
    keyLengths: call.textLengths,
    label: "cross",
  });
  const { output } = backend.attention({ operands });
  return linear({ backend, weights: weights.within("to_out.0"), input: output });
}

function feedForward(call: {
  backend: Backend;
  config: PixArtConfig;
  weights: Weights;
  input: DeviceTensor;
}): DeviceTensor {
  const { backend, config, weights, input } = call;
  const outer = { backend, weights: weights.within("2") };
  const inner = { backend, weights: weights.within("0.proj"), input };
  if (config.activation_fn !== "geglu") {
    const activation = config.activation_fn === "gelu" ? "gelu" : "geluTanh";
    return linear({ ...outer, input: linear({ ...inner, activation }) });
  }
  const both = linear(inner);
  const half = 4 * config.channels;
  const value = backend.slice({ input: both, axis: 2, start: 0, end: half });
  const gate = backend.slice({ input: both, axis: 2, start: half, end: 2 * half });
  const gated = backend.multiply({
    a: value,
    b: backend.activate({ input: gate, activation: "gelu" }),
  });
  return linear({ ...outer, input: gated });
}
