import { join } from "node:path";
import type { AutoencoderKlConfig } from "../autoencoders/autoencoder-kl-config.js";
import { expected } from "../errors.js";
import type { T5Config } from "../text-encoders/t5-config.js";
import type { PixArtConfig } from "../transformers/pixart-config.js";

/** The components must agree on the channels that they hand to each other. Throws `PipelineError`. */
export function refuseMismatch(
  configs: {
    readonly text: T5Config;
    readonly transformer: PixArtConfig;
    readonly autoencoder: AutoencoderKlConfig;
  },
  folder: string,
): void {
  const { text, transformer, autoencoder } = configs;
  const where = join(folder, "transformer/config.json");
  const refuse = (key: string, need: number | string, found: number | null) => {
    throw expected({ expected: `${key} to be ${need}`, found: String(found), where });
  };
  const { in_channels: inputs, out_channels: outputs } = transformer;
  if (inputs !== autoencoder.latent_channels) {
    refuse("in_channels", `${autoencoder.latent_channels}, as the autoencoder's latents`, inputs);
  }
  if (outputs !== inputs && outputs !== 2 * inputs) {
    refuse("out_channels", `${inputs} or, with a learned sigma, ${2 * inputs}`, outputs);
  }
  const captionChannels = transformer.caption_channels ?? transformer.cross_attention_dim;
  if (captionChannels !== text.d_model) {
    const key = transformer.caption_channels === null ? "cross_attention_dim" : "caption_channels";
    refuse(key, `${text.d_model}, as the text encoder's d_model`, captionChannels);
  }
  if (
    transformer.caption_channels !== null &&
    transformer.cross_attention_dim !== transformer.channels
  ) {
    refuse("cross_attention_dim", transformer.channels, transformer.cross_attention_dim);
  }
}
