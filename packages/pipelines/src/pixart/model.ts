import type { Backend } from "@paroattn/backend";
import type { AutoencoderKl } from "../autoencoders/autoencoder-kl.js";
import type { AutoencoderKlConfig } from "../autoencoders/autoencoder-kl-config.js";
import type { Component } from "../checkpoint/component.js";
import type { DpmSolverConfig } from "../schedulers/dpm-solver-config.js";
import type { T5Config } from "../text-encoders/t5-config.js";
import type { T5Encoder } from "../text-encoders/t5-encoder.js";
import type { T5Tokenizer } from "../tokenizers/t5-tokenizer.js";
import type { PixArtConfig } from "../transformers/pixart-config.js";
import type { PixArtTransformer } from "../transformers/pixart-transformer.js";

/** What the stages of a PixArt pipeline work with. */
export interface PixArtModel {
  readonly architecture: string;
  readonly backend: Backend;
  readonly text: T5Config;
  readonly transformer: PixArtConfig;
  readonly autoencoder: AutoencoderKlConfig;
  readonly scheduler: DpmSolverConfig;
  readonly tokenizer: T5Tokenizer;
  /** Longest prompt, its end token included. */
  readonly maximumTokens: number;
  readonly textEncoder: Component<T5Encoder>;
  readonly denoiser: Component<PixArtTransformer>;
  readonly decoder: Component<AutoencoderKl>;
}
