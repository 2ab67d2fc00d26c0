import type { Backend, DeviceTensor } from "@paroattn/backend";
import type { Weights } from "../checkpoint/weights.js";
import { linear } from "../modules/layers.js";
import type { TextKeys } from "./pixart-block.js";
import type { PixArtConfig } from "./pixart-config.js";

/** Projects the caption and gives every layer its keys and values; the text is the same in every step. */
export function pixArtTextKeys(options: {
  readonly backend: Backend;
  readonly config: PixArtConfig;
  /** Of the whole transformer. */
  readonly weights: Weights;
  /** [batch, text tokens, caption channels]. */
  readonly text: DeviceTensor;
}): TextKeys[] {
  const { backend, config, weights, text } = options;
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
    return {
      key: project(backend, attention.within("to_k"), caption),
      value: project(backend, attention.within("to_v"), caption),
    };
  });
}
