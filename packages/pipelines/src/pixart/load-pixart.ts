import { z } from "zod";
import { createAutoencoderKl } from "../autoencoders/autoencoder-kl.js";
import {
  autoencoderKlConfig,
  autoencoderKlWeightNames,
  autoencoderKlWeightSpec,
} from "../autoencoders/autoencoder-kl-config.js";
import { cleanCaption } from "../captions/clean-caption.js";
import { strip } from "../captions/python-text.js";
import { readConfig } from "../checkpoint/config.js";
import { componentClass, loadModel } from "../generation/load-model.js";
import type { ArchitectureLoader } from "../pipeline.js";
import { dpmSolverConfig } from "../schedulers/dpm-solver-config.js";
import { dpmSolverSteps } from "../schedulers/dpm-solver-multistep.js";
import { t5Config } from "../text-encoders/t5-config.js";
import {
  pixArtConfig,
  pixArtWeightNames,
  pixArtWeightSpec,
} from "../transformers/pixart-config.js";
import { createPixArtTransformer } from "../transformers/pixart-transformer.js";
import { pixArtDecoder } from "./decoder.js";
import { pixArtPredictor } from "./predictor.js";
import { refuseMismatch } from "./refuse-mismatch.js";
import { checkPixArtRequest, pixArtSizes } from "./request.js";

const modelIndex = z.object({
  tokenizer: componentClass("T5Tokenizer", "T5TokenizerFast"),
  text_encoder: componentClass("T5EncoderModel"),
  transformer: componentClass("PixArtTransformer2DModel", "Transformer2DModel"),
  vae: componentClass("AutoencoderKL"),
  scheduler: componentClass("DPMSolverMultistepScheduler"),
});

/** Longest prompt in tokens, with its end, of each pipeline's `max_sequence_length`. */
const MAXIMUM_TOKENS: Readonly<Record<string, number>> = {
  PixArtAlphaPipeline: 120,
  PixArtSigmaPipeline: 300,
};

/** Loads diffusers' `PixArtAlphaPipeline` and `PixArtSigmaPipeline`; `loadPipeline` chooses it. */
export const loadPixArt: ArchitectureLoader = async (options) => {
  const { folder, architecture } = options;
  await readConfig({ folder, file: "model_index.json", schema: modelIndex });
  const configOf = <T>(file: string, schema: z.ZodType<T>) => readConfig({ folder, file, schema });
  const configs = {
    text: await configOf("text_encoder/config.json", t5Config),
    transformer: await configOf("transformer/config.json", pixArtConfig),
    autoencoder: await configOf("vae/config.json", autoencoderKlConfig),
    scheduler: await configOf("scheduler/scheduler_config.json", dpmSolverConfig),
  };
  refuseMismatch(configs, folder);
  const { text, transformer, autoencoder, scheduler } = configs;
  const { multiple, side } = pixArtSizes(configs);
  return loadModel(options, {
    text,
    maximumTokens: MAXIMUM_TOKENS[architecture]!,
    padsTexts: false,
    prepareText: (text, clean) =>
      clean ? cleanCaption(cleanCaption(text)) : strip(text.toLowerCase()),
    transformerClass: "PixArtTransformer2DModel",
    checkRequest: (request) => checkPixArtRequest(configs, request),
    solverSteps: (steps) => dpmSolverSteps(scheduler, steps),
    sizes: {
      sizeMultiple: multiple,
      defaultSize: { width: side, height: side },
      defaultFrames: 1,
    },
    denoiser: {
      spec: pixArtWeightSpec(transformer),
      names: pixArtWeightNames,
      create: (weights) => pixArtPredictor(createPixArtTransformer(transformer, weights)),
    },
    decoder: {
      spec: autoencoderKlWeightSpec(autoencoder),
      names: autoencoderKlWeightNames,
      create: (weights) => pixArtDecoder(createAutoencoderKl(autoencoder, weights)),
    },
  });
};
