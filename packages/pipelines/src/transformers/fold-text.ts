import type { Backend, DeviceTensor, FeedForwardLayer } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { allRows, someRows, uploadFloats } from "../modules/upload.js";
import type { PixArtConfig } from "./pixart-config.js";

/**
 * Cross-attention to a text that stays the same, as two linear layers around a softmax of each head: the logits of a head
 * are (x Wq' + bq) k' = x (k Wq)' + bq k', and what its shares p add to the output is (p v) Wo' = p (v Wo').
 */
export interface FoldedText {
  /** From channels to a logit for each head and text token; -infinity for tokens that a row has not. */
  readonly inner: FeedForwardLayer;
  /** From the shares back to channels. */
  readonly outer: FeedForwardLayer;
}

/** Whether the two layers cost less than projections and attention: heads * tokens < channels + tokens. */
export function foldingPays(config: PixArtConfig, textTokens: number): boolean {
  return config.num_attention_heads * textTokens < config.channels + textTokens;
}

/** `weights` are the cross-attention's, `key` and `value` its projections of the text, [batch, text tokens, channels]. */
export function foldText(options: {
  readonly backend: Backend;
  readonly config: PixArtConfig;
  readonly weights: Weights;
  readonly key: DeviceTensor;
  readonly value: DeviceTensor;
  /** Valid text tokens of each batch row. */
  readonly textLengths: readonly number[];
}): FoldedText {
  const { backend, config, weights, key, value, textLengths } = options;
  const { num_attention_heads: heads, attention_head_dim: headDim, channels } = config;
  const [batch, tokens] = key.shape as [number, number, number];
  using scope = backend.scope();
  const toOutput = allRows(scope, weights.get("to_out.0.weight"));
  const of = (head: number, tensor: DeviceTensor, axis: number) =>
    scope.slice({ input: tensor, axis, start: head * headDim, end: (head + 1) * headDim });

  const logits: DeviceTensor[] = [];
  const offsets: DeviceTensor[] = [];
  const outputs: DeviceTensor[] = [];
  for (let head = 0; head < heads; head++) {
    const ofHead = of(head, key, 2);
    const channelsOfHead = Array.from({ length: headDim }, (_, i) => head * headDim + i);
    const toQuery = someRows(scope, weights.get("to_q.weight"), channelsOfHead);
    const weight = scope.permute({ input: toQuery, axes: [1, 0] });
    logits.push(scope.linear({ input: ofHead, weight }));
    if (weights.has("to_q.bias")) {
      const bias = scope.reshape({ input: weights.get("to_q.bias"), shape: [heads, headDim] });
      offsets.push(scope.linear({ input: ofHead, weight: someRows(scope, bias, [head]) }));
    }
    outputs.push(scope.linear({ input: of(head, value, 2), weight: of(head, toOutput, 1) }));
  }

  const factor = 1 / Math.sqrt(headDim);
  const scaled = (parts: readonly DeviceTensor[]) => {
    const tensor = scope.concat({ inputs: parts, axis: 1 });
    return scope.combine({ terms: [{ tensor, factor }] });
  };
  const present = Float32Array.from({ length: batch * heads * tokens }, (_, i) =>
    i % tokens < textLengths[Math.floor(i / (heads * tokens))]! ? 0 : Number.NEGATIVE_INFINITY,
  );
  const mask = uploadFloats(scope, present, batch, heads * tokens);
  const offset =
    offsets.length === 0
      ? mask
      : scope.add({
          a: scope.reshape({ input: scaled(offsets), shape: [batch, heads * tokens] }),
          b: mask,
        });
  const outer = scope.permute({
    input: scope.concat({ inputs: outputs, axis: 1 }),
    axes: [0, 2, 1],
  });
  const bias = scope.reshape({ input: weights.get("to_out.0.bias"), shape: [1, channels] });
  return {
    inner: { weight: scope.keep(scaled(logits)), bias: scope.keep(offset) },
    outer: {
      weight: scope.keep(outer),
      bias: scope.keep(someRows(scope, bias, Array<number>(batch).fill(0))),
    },
  };
}
