import { joinTexts } from "../generation/encode-prompts.js";
import type { LatentPredictor } from "../generation/model.js";
import type { PixArtTransformer } from "../transformers/pixart-transformer.js";

/** PixArt's transformer as the denoising loop asks for it. */
export function pixArtPredictor(transformer: PixArtTransformer): LatentPredictor {
  const { config } = transformer;
  return {
    layers: config.num_layers,
    heads: config.num_attention_heads,
    headDim: config.attention_head_dim,
    begin({ backend, texts, request }) {
      const [channels, latentHeight, latentWidth] = request.latentShape as ThreeSizes;
      const conditions = transformer.condition({
        backend,
        text: joinTexts(backend, texts),
        textLengths: texts.map(({ tokens }) => tokens),
        latentHeight,
        latentWidth,
        height: request.height,
        width: request.width,
      });
      return {
        layout: conditions.layout,
        async predict(call) {
          const output = await transformer.forward({ ...call, conditions });
          // A learned sigma is the second half of the channels; the solver has no use for it.
          return call.backend.slice({ input: output, axis: 1, start: 0, end: channels });
        },
      };
    },
  };
}

type ThreeSizes = readonly [number, number, number];
