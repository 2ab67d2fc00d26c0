import { z } from "zod";
import { createCogVideoXAutoencoder } from "../autoencoders/cogvideox-autoencoder.js";
import {
  cogVideoXAutoencoderConfig,
  cogVideoXAutoencoderWeightNames,
  cogVideoXAutoencoderWeightSpec,
} from "../autoencoders/cogvideox-autoencoder-config.js";
import { cleanCaption } from "../captions/clean-caption.js";
import { readConfig } from "../checkpoint/config.js";
import { componentClass, loadModel } from "../generation/load-model.js";
import type { ArchitectureLoader } from "../pipeline.js";
import { cogVideoXSchedulerConfig } from "../schedulers/cogvideox-scheduler-config.js";
import { cogVideoXSteps } from "../schedulers/cogvideox-steps.js";
import { t5Config } from "../text-encoders/t5-config.js";
import {
  cogVideoXConfig,
  cogVideoXWeightNames,
  cogVideoXWeightSpec,
} from "../transformers/cogvideox-config.js";
import { createCogVideoXTransformer } from "../transformers/cogvideox-transformer.js";
import { cogVideoXDecoder } from "./decoder.js";
import { cogVideoXPredictor } from "./predictor.js";
import { refuseMismatch } from "./refuse-mismatch.js";
import { checkCogVideoXRequest, cogVideoXSizes } from "./request.js";

const modelIndex = z.object({
  tokenizer: componentClass("T5Tokenizer", "T5TokenizerFast"),
  text_encoder: componentClass("T5EncoderModel"),
  transformer: componentClass("CogVideoXTransformer3DModel"),
  vae: componentClass("AutoencoderKLCogVideoX"),
  scheduler: componentClass("CogVideoXDDIMScheduler", "CogVideoXDPMScheduler"),
});

/** Loads diffusers' `CogVideoXPipeline` (2B and 5B); `loadPipeline` chooses it. */
export const loadCogVideoX: ArchitectureLoader = async (options) => {
  const { folder } = options;
  await readConfig({ folder, file: "model_index.json", schema: modelIndex });
  const configOf = <T>(file: string, schema: z.ZodType<T>) => readConfig({ folder, file, schema });
  const configs = {
    text: await configOf("text_encoder/config.json", t5Config),
    transformer: await configOf("transformer/config.json", cogVideoXConfig),
    autoencoder: await configOf("vae/config.json", cogVideoXAutoencoderConfig),
    scheduler: await configOf("scheduler/scheduler_config.json", cogVideoXSchedulerConfig),
  };
  refuseMismatch(configs, folder);
  const { text, transformer, autoencoder, scheduler } = configs;
  const { multiple, defaults } = cogVideoXSizes(configs);
  const { width, height, frames } = defaults;
  return loadModel(options, {
    text,
    maximumTokens: transformer.max_text_seq_length,
    // Upstream gives the text encoder no mask, and the transformer all of its rows.
    padsTexts: true,
    prepareText: (text, clean) => (clean ? cleanCaption(cleanCaption(text)) : text),
    transformerClass: "CogVideoXTransformer3DModel",
    checkRequest: (request) => checkCogVideoXRequest(configs, request),
    solverSteps: (steps) => cogVideoXSteps(scheduler, steps),
    sizes: { sizeMultiple: multiple, defaultSize: { width, height }, defaultFrames: frames },
    denoiser: {
      spec: cogVideoXWeightSpec(transformer),
      names: cogVideoXWeightNames,
      create: (weights) => cogVideoXPredictor(createCogVideoXTransformer(transformer, weights)),
    },
    decoder: {
      spec: cogVideoXAutoencoderWeightSpec(autoencoder),
      names: cogVideoXAutoencoderWeightNames,
      create: (weights) => cogVideoXDecoder(createCogVideoXAutoencoder(autoencoder, weights)),
    },
  });
};
