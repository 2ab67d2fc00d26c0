import type { Backend } from "@paroattn/backend";
import { createReferenceBackend } from "@paroattn/backend";
import { openCheckpoint, type Tensor } from "@paroattn/tensor";
import type { z } from "zod";
import { createAutoencoderKl } from "../src/autoencoders/autoencoder-kl.js";
import {
  autoencoderKlConfig,
  autoencoderKlWeightNames,
  autoencoderKlWeightSpec,
} from "../src/autoencoders/autoencoder-kl-config.js";
import { createCogVideoXAutoencoder } from "../src/autoencoders/cogvideox-autoencoder.js";
import {
  cogVideoXAutoencoderConfig,
  cogVideoXAutoencoderWeightNames,
  cogVideoXAutoencoderWeightSpec,
} from "../src/autoencoders/cogvideox-autoencoder-config.js";
import { readConfig } from "../src/checkpoint/config.js";
import { matchWeights, type WeightNames, type WeightSpec } from "../src/checkpoint/weight-spec.js";
import { createWeights, type Weights } from "../src/checkpoint/weights.js";
import type { SelfAttention } from "../src/modules/self-attention.js";
import { t5Config, t5WeightNames, t5WeightSpec } from "../src/text-encoders/t5-config.js";
import { createT5Encoder } from "../src/text-encoders/t5-encoder.js";
import {
  cogVideoXConfig,
  cogVideoXWeightNames,
  cogVideoXWeightSpec,
} from "../src/transformers/cogvideox-config.js";
import { createCogVideoXTransformer } from "../src/transformers/cogvideox-transformer.js";
import {
  pixArtConfig,
  pixArtWeightNames,
  pixArtWeightSpec,
} from "../src/transformers/pixart-config.js";
import { createPixArtTransformer } from "../src/transformers/pixart-transformer.js";
import { type CheckpointName, fixtures } from "./fixtures.js";

/** A component of a fixture with its weights on the host, so that a test can change one of them. */
export interface HostComponent<Model> {
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Uploads the weights, with some of them replaced. */
  create(
    backend: Backend,
    replaced?: ReadonlyMap<string, Tensor>,
  ): { model: Model; weights: Weights };
}

async function component<Config, Model>(options: {
  name: CheckpointName;
  folder: string;
  baseName: string;
  schema: z.ZodType<Config>;
  spec: (config: Config) => WeightSpec;
  names: WeightNames;
  create: (config: Config, weights: Weights) => Model;
}): Promise<HostComponent<Model>> {
  const { name, folder, baseName, schema, names } = options;
  const file = `${folder}/config.json`;
  const config = await readConfig({ folder: `${fixtures}${name}`, file, schema });
  await using source = await openCheckpoint(`${fixtures}${name}/${folder}`, { baseName });
  const stored = matchWeights({ source, spec: options.spec(config), names });
  const weights = new Map<string, Tensor>();
  for (const [weight, storedName] of stored) weights.set(weight, await source.read(storedName));
  return {
    weights,
    create(backend, replaced) {
      const uploaded = createWeights(
        new Map(
          [...weights].map(([weight, tensor]) => [
            weight,
            backend.upload(replaced?.get(weight) ?? tensor),
          ]),
        ),
      );
      return { model: options.create(config, uploaded), weights: uploaded };
    },
  };
}

export const textEncoder = (name: CheckpointName) =>
  component({
    name,
    folder: "text_encoder",
    baseName: "model",
    schema: t5Config,
    spec: t5WeightSpec,
    names: t5WeightNames,
    create: createT5Encoder,
  });

export const transformer = (name: CheckpointName) =>
  component({
    name,
    folder: "transformer",
    baseName: "diffusion_pytorch_model",
    schema: pixArtConfig,
    spec: pixArtWeightSpec,
    names: pixArtWeightNames,
    create: createPixArtTransformer,
  });

export const videoTransformer = (name: CheckpointName) =>
  component({
    name,
    folder: "transformer",
    baseName: "diffusion_pytorch_model",
    schema: cogVideoXConfig,
    spec: cogVideoXWeightSpec,
    names: cogVideoXWeightNames,
    create: createCogVideoXTransformer,
  });

export const videoAutoencoder = (name: CheckpointName) =>
  component({
    name,
    folder: "vae",
    baseName: "diffusion_pytorch_model",
    schema: cogVideoXAutoencoderConfig,
    spec: cogVideoXAutoencoderWeightSpec,
    names: cogVideoXAutoencoderWeightNames,
    create: createCogVideoXAutoencoder,
  });

export const autoencoder = (name: CheckpointName) =>
  component({
    name,
    folder: "vae",
    baseName: "diffusion_pytorch_model",
    schema: autoencoderKlConfig,
    spec: autoencoderKlWeightSpec,
    names: autoencoderKlWeightNames,
    create: createAutoencoderKl,
  });

/** Self-attention without a strategy. */
export function plainAttention(heads: number, headDim: number): SelfAttention {
  return async ({ backend, project }) =>
    backend.attention({ operands: backend.prepareAttention({ ...project(), heads, headDim }) })
      .output;
}

export const createBackend = () => createReferenceBackend();
