import { joinTexts } from "../generation/encode-prompts.js";
import type { LatentPredictor } from "../generation/model.js";
import type { CogVideoXTransformer } from "../transformers/cogvideox-transformer.js";

/** CogVideoX's transformer as the denoising loop asks for it. */
export function cogVideoXPredictor(transformer: CogVideoXTransformer): LatentPredictor {
  const { config } = transformer;
  return {
    layers: config.num_layers,
    heads: config.num_attention_heads,
    headDim: config.attention_head_dim,
    begin({ backend, texts, request }) {
      const [frames, , height, width] = request.latentShape as FourSizes;
      const conditions = transformer.condition({
        backend,
        text: joinTexts(backend, texts),
        grid: { frames, height, width },
      });
      return {
        layout: conditions.layout,
        predict: (call) => transformer.forward({ ...call, conditions }),
      };
    },
  };
}

type FourSizes = readonly [number, number, number, number];
