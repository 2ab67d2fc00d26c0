import { join } from "node:path";
import type { CogVideoXAutoencoderConfig } from "../autoencoders/cogvideox-autoencoder-config.js";
import { expected } from "../errors.js";
import type { T5Config } from "../text-encoders/t5-config.js";
import type { CogVideoXConfig } from "../transformers/cogvideox-config.js";

/** The components must agree on the channels and frames that they hand to each other. Throws `PipelineError`. */
export function refuseMismatch(
  configs: {
    readonly text: T5Config;
    readonly transformer: CogVideoXConfig;
    readonly autoencoder: CogVideoXAutoencoderConfig;
  },
  folder: string,
): void {
  const { text, transformer, autoencoder } = configs;
  const latents = autoencoder.latent_channels;
  const ratio = autoencoder.temporal_compression_ratio;
  for (const [key, need, why] of [
    ["in_channels", latents, "the autoencoder's latents"],
    ["out_channels", latents, "the autoencoder's latents"],
    ["text_embed_dim", text.d_model, "the text encoder's d_model"],
    ["temporal_compression_ratio", ratio, "the autoencoder's"],
  ] as const) {
    if (transformer[key] === need) continue;
    throw expected({
      expected: `${key} to be ${need}, as ${why}`,
      found: String(transformer[key]),
      where: join(folder, "transformer/config.json"),
    });
  }
}
