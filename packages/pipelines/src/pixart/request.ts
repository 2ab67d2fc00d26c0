import { latentFactor } from "../autoencoders/autoencoder-kl.js";
import type { AutoencoderKlConfig } from "../autoencoders/autoencoder-kl-config.js";
import { multipleOf, whole } from "../generation/checks.js";
import { checkRequest, type GenerationRequest } from "../generation/request.js";
import type { GenerateOptions } from "../pipeline.js";
import type { PixArtConfig } from "../transformers/pixart-config.js";

const MAXIMUM_STEPS = 1000;
const DEFAULT_STEPS = 20;
const DEFAULT_GUIDANCE = 4.5;

/** Checks a call of `generate`. Throws `PipelineError`. */
export function checkPixArtRequest(
  configs: { readonly transformer: PixArtConfig; readonly autoencoder: AutoencoderKlConfig },
  options: GenerateOptions,
): GenerationRequest {
  const { multiple, factor, side } = pixArtSizes(configs);
  const width = multipleOf("width", options.width ?? side, { multiple });
  const height = multipleOf("height", options.height ?? side, { multiple });
  return checkRequest(options, {
    frames: whole("frames", options.frames ?? 1, 1, 1),
    width,
    height,
    latentShape: [configs.transformer.in_channels, height / factor, width / factor],
    steps: DEFAULT_STEPS,
    maximumSteps: MAXIMUM_STEPS,
    guidance: DEFAULT_GUIDANCE,
    cleanCaption: true,
  });
}

/** Pixels per latent, what sides must be multiples of, and the model's own side. */
export function pixArtSizes(configs: {
  readonly transformer: PixArtConfig;
  readonly autoencoder: AutoencoderKlConfig;
}) {
  const factor = latentFactor(configs.autoencoder);
  const { patch_size: patch, sample_size: side } = configs.transformer;
  return { factor, multiple: factor * patch, side: side * factor };
}
