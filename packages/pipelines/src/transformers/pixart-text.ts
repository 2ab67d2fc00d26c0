import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { linear } from "../modules/layers.js";
import { type FoldedText, foldingPays, foldText } from "./fold-text.js";
import type { PixArtConfig } from "./pixart-config.js";

/** Projections of the text for one layer's cross-attention, [batch, text tokens, channels]. */
interface TextKeys {
  readonly key: DeviceTensor;
  readonly value: DeviceTensor;
}

/** What one layer's cross-attention needs of the text, the same in every step. */
export type LayerText = TextKeys | FoldedText;

/** Projects the caption and gives every layer what it needs of it; the text is the same in every step. */
export function pixArtText(options: {
  readonly backend: Backend;
  readonly config: PixArtConfig;
  /** Of the whole transformer. */
  readonly weights: Weights;
  /** [batch, text tokens, caption channels]. */
  readonly text: DeviceTensor;
  /** Valid text tokens of each batch row. */
  readonly textLengths: readonly number[];
}): LayerText[] {
  const { backend, config, weights, text, textLengths } = options;
  using scope = backend.scope();
  const projection = weights.within("caption_projection");
  const project = (backendOfLayer: Backend, layer: Weights, input: DeviceTensor) =>
    linear({ backend: backendOfLayer, weights: layer, input });
  const caption =
    config.caption_channels === null
      ? text
      : project(
          scope,
          projection.within("linear_2"),
          linear({
            backend: scope,
            weights: projection.within("linear_1"),
            input: text,
            activation: "geluTanh",
          }),
        );
  return Array.from({ length: config.num_layers }, (_, layer) => {
    const attention = weights.within(`transformer_blocks.${layer}.attn2`);
    const keys = (owner: Backend): TextKeys => ({
      key: project(owner, attention.within("to_k"), caption),
      value: project(owner, attention.within("to_v"), caption),
    });
    return foldingPays(config, text.shape[1]!)
      ? foldText({ backend, config, weights: attention, ...keys(scope), textLengths })
      : keys(backend);
  });
}
