import type { Backend, DeviceTensor, LinearOptions } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { affine, linear } from "../modules/layers.js";
import { repeatRows } from "../modules/repeat-rows.js";
import type { SelfAttention } from "../modules/self-attention.js";
import { allRows } from "../modules/upload.js";
import type { PixArtConfig } from "./pixart-config.js";
import type { LayerText } from "./pixart-text.js";

export interface BlockCall {
  readonly backend: Backend;
  readonly config: PixArtConfig;
  /** Of this block. */
  readonly weights: Weights;
  readonly layer: number;
  /** [batch, tokens, channels]; in the first block it may be fewer rows, which the batch repeats. */
  readonly hidden: DeviceTensor;
  /** [batch, 6, channels], from the timestep. */
  readonly modulation: DeviceTensor;
  readonly text: LayerText;
  readonly textLengths: readonly number[];
  readonly attend: SelfAttention;
}

/** One block of PixArt. Upstream: `BasicTransformerBlock` with `norm_type="ada_norm_single"`. */
export async function pixArtBlock(call: BlockCall): Promise<DeviceTensor> {
  const { backend, config, weights, layer } = call;
  // Guidance branches differ by their texts, which first come in at cross-attention: until there, what repeats is done once.
  const rows = call.hidden.shape[0]!;
  const batch = call.modulation.shape[0]!;
  const modulation = modulationRows(call);
  const [shiftFeed, scaleFeed, gateFeed] = modulation.slice(3) as Three;
  const [shiftAttention, scaleAttention, gateAttention] = modulation
    .slice(0, 3)
    .map((input) =>
      rows === batch ? input : backend.slice({ input, axis: 0, start: 0, end: rows }),
    ) as Three;
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
    rows,
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
  const afterSelf = linear({
    backend,
    weights: self.within("to_out.0"),
    input: attended,
    gate: gateAttention,
    residual: call.hidden,
  });
  const afterCross = crossAttention(call, repeatRows(backend, afterSelf, batch / rows));
  const input = norm("norm2", afterCross, [shiftFeed, scaleFeed]);
  const after = { gate: gateFeed, residual: afterCross };
  return feedForward({ backend, config, weights: weights.within("ff.net"), input, after });
}

type Three = [DeviceTensor, DeviceTensor, DeviceTensor];

/** Shift, scale and gate of attention, then of the feed-forward, [batch, channels] each. */
function modulationRows({ backend, config, weights, modulation }: BlockCall): DeviceTensor[] {
  const table = allRows(backend, weights.get("scale_shift_table"));
  const sum = backend.add({ a: modulation, b: table });
  return Array.from({ length: 6 }, (_, row) =>
    backend.reshape({
      input: backend.slice({ input: sum, axis: 1, start: row, end: row + 1 }),
      shape: [-1, config.channels],
    }),
  );
}

/** input + cross-attention of the input to the text. */
function crossAttention(call: BlockCall, input: DeviceTensor): DeviceTensor {
  const { backend, config, text } = call;
  if ("inner" in text) {
    const activation = { softmaxGroups: config.num_attention_heads };
    return backend.feedForward({ input, ...text, activation, residual: input });
  }
  const weights = call.weights.within("attn2");
  const operands = backend.prepareAttention({
    query: linear({ backend, weights: weights.within("to_q"), input }),
    ...text,
    heads: config.num_attention_heads,
    headDim: config.attention_head_dim,
    keyLengths: call.textLengths,
    label: "cross",
  });
  const { output } = backend.attention({ operands });
  return linear({ backend, weights: weights.within("to_out.0"), input: output, residual: input });
}

function feedForward(call: {
  backend: Backend;
  config: PixArtConfig;
  weights: Weights;
  input: DeviceTensor;
  /** What is done with the result. */
  after: Pick<LinearOptions, "gate" | "residual">;
}): DeviceTensor {
  const { backend, config, weights, input } = call;
  const [inner, outer] = [weights.within("0.proj"), weights.within("2")];
  if (config.activation_fn !== "geglu") {
    return backend.feedForward({
      input,
      inner: affine(inner),
      activation: config.activation_fn === "gelu" ? "gelu" : "geluTanh",
      outer: affine(outer),
      ...call.after,
    });
  }
  const both = linear({ backend, weights: inner, input });
  const half = 4 * config.channels;
  const value = backend.slice({ input: both, axis: 2, start: 0, end: half });
  const gate = backend.slice({ input: both, axis: 2, start: half, end: 2 * half });
  const gated = backend.multiply({
    a: value,
    b: backend.activate({ input: gate, activation: "gelu" }),
  });
  return linear({ backend, weights: outer, input: gated, ...call.after });
}
