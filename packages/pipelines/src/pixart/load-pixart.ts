import { join } from "node:path";
import { z } from "zod";
import { createAutoencoderKl, latentFactor } from "../autoencoders/autoencoder-kl.js";
import {
  autoencoderKlConfig,
  autoencoderKlWeightNames,
  autoencoderKlWeightSpec,
} from "../autoencoders/autoencoder-kl-config.js";
import { checkStrategy } from "../check-strategy.js";
import { openComponent } from "../checkpoint/component.js";
import { readConfig } from "../checkpoint/config.js";
import { expected } from "../errors.js";
import type { ArchitectureLoader, LoadPipelineOptions, Pipeline } from "../pipeline.js";
import { dpmSolverConfig } from "../schedulers/dpm-solver-config.js";
import { t5Config, t5WeightNames, t5WeightSpec } from "../text-encoders/t5-config.js";
import { createT5Encoder } from "../text-encoders/t5-encoder.js";
import { loadT5Tokenizer } from "../tokenizers/load-tokenizer.js";
import {
  pixArtConfig,
  pixArtWeightNames,
  pixArtWeightSpec,
} from "../transformers/pixart-config.js";
import { createPixArtTransformer } from "../transformers/pixart-transformer.js";
import { generatePixArt } from "./generate.js";
import type { PixArtModel } from "./model.js";
import { refuseMismatch } from "./refuse-mismatch.js";

const component = <const T extends readonly [string, ...string[]]>(...classes: T) =>
  z.tuple([z.string(), z.enum(classes)]);

const modelIndex = z.object({
  tokenizer: component("T5Tokenizer", "T5TokenizerFast"),
  text_encoder: component("T5EncoderModel"),
  transformer: component("PixArtTransformer2DModel", "Transformer2DModel"),
  vae: component("AutoencoderKL"),
  scheduler: component("DPMSolverMultistepScheduler"),
});

/** Longest prompt in tokens, with its end, of each pipeline's `max_sequence_length`. */
const MAXIMUM_TOKENS: Readonly<Record<string, number>> = {
  PixArtAlphaPipeline: 120,
  PixArtSigmaPipeline: 300,
};

/** Loads diffusers' `PixArtAlphaPipeline` and `PixArtSigmaPipeline`; `loadPipeline` chooses it. */
export const loadPixArt: ArchitectureLoader = async (options) => {
  const { folder, architecture, backend, attention, variant, signal } = options;
  await readConfig({ folder, file: "model_index.json", schema: modelIndex });
  const configOf = <T>(file: string, schema: z.ZodType<T>) => readConfig({ folder, file, schema });
  const configs = {
    text: await configOf("text_encoder/config.json", t5Config),
    transformer: await configOf("transformer/config.json", pixArtConfig),
    autoencoder: await configOf("vae/config.json", autoencoderKlConfig),
    scheduler: await configOf("scheduler/scheduler_config.json", dpmSolverConfig),
  };
  refuseMismatch(configs, folder);
  const tokenizer = await loadT5Tokenizer(join(folder, "tokenizer"));
  if (tokenizer.size > configs.text.vocab_size) {
    throw expected({
      expected: `a tokenizer of at most ${configs.text.vocab_size} tokens, as text_encoder/config.json says`,
      found: String(tokenizer.size),
      where: join(folder, "tokenizer"),
    });
  }

  const opened: { dispose(): void }[] = [];
  const remember = async <T extends { dispose(): void }>(opening: Promise<T>): Promise<T> => {
    const resource = await opening;
    opened.push(resource);
    return resource;
  };
  const dispose = () => {
    for (const resource of opened) resource.dispose();
  };
  const common = {
    backend,
    ...(variant !== undefined && { variant }),
  };
  try {
    const model: PixArtModel = {
      ...configs,
      architecture,
      backend,
      tokenizer,
      maximumTokens: MAXIMUM_TOKENS[architecture]!,
      textEncoder: await remember(
        openComponent({
          ...common,
          folder: join(folder, "text_encoder"),
          baseName: "model",
          spec: t5WeightSpec(configs.text),
          names: t5WeightNames,
          create: (weights) => createT5Encoder(configs.text, weights),
        }),
      ),
      denoiser: await remember(
        openComponent({
          ...common,
          folder: join(folder, "transformer"),
          baseName: "diffusion_pytorch_model",
          spec: pixArtWeightSpec(configs.transformer),
          names: pixArtWeightNames,
          create: (weights) => createPixArtTransformer(configs.transformer, weights),
        }),
      ),
      decoder: await remember(
        openComponent({
          ...common,
          folder: join(folder, "vae"),
          baseName: "diffusion_pytorch_model",
          spec: autoencoderKlWeightSpec(configs.autoencoder),
          names: autoencoderKlWeightNames,
          create: (weights) => createAutoencoderKl(configs.autoencoder, weights),
        }),
      ),
    };
    if ((options.residency ?? "keep") === "keep") await loadAll(model, options);
    signal?.throwIfAborted();
    return createPipeline(model, { attention, dispose });
  } catch (error) {
    dispose();
    throw error;
  }
};

/** Loads every component and reports them as one. */
async function loadAll(
  { textEncoder, denoiser, decoder }: PixArtModel,
  options: Pick<LoadPipelineOptions, "signal" | "onProgress" | "onSpan">,
): Promise<void> {
  const { signal, onProgress, onSpan } = options;
  const components = { text_encoder: textEncoder, transformer: denoiser, vae: decoder };
  const steps = Object.values(components).reduce((sum, { bytes }) => sum + bytes, 0);
  const report = (step: number) => onProgress?.({ stage: "load", step, steps, done: step / steps });
  let before = 0;
  report(0);
  for (const [name, component] of Object.entries(components)) {
    const start = performance.now();
    await component.load({
      ...(signal !== undefined && { signal }),
      onBytes: (done) => report(before + done),
    });
    before += component.bytes;
    onSpan?.({ name: `load ${name}`, start, end: performance.now(), bytes: component.bytes });
  }
}

function createPipeline(
  model: PixArtModel,
  {
    attention,
    dispose,
  }: Pick<Parameters<ArchitectureLoader>[0], "attention"> & { dispose(): void },
): Pipeline {
  const factor = latentFactor(model.autoencoder);
  const side = model.transformer.sample_size * factor;
  let disposed = false;
  const free = () => {
    disposed = true;
    dispose();
  };
  return {
    architecture: model.architecture,
    sizeMultiple: factor * model.transformer.patch_size,
    defaultSize: { width: side, height: side },
    async generate(options) {
      if (disposed) throw expected({ expected: "a pipeline", found: "one that was disposed of" });
      return generatePixArt(model, {
        ...options,
        attention: checkStrategy(options.attention ?? attention),
      });
    },
    dispose: free,
    [Symbol.dispose]: free,
    async [Symbol.asyncDispose]() {
      free();
    },
  };
}
