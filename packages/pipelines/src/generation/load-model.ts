import { join } from "node:path";
import { z } from "zod";
import { checkStrategy } from "../check-strategy.js";
import { type Component, openComponent } from "../checkpoint/component.js";
import type { WeightNames, WeightSpec } from "../checkpoint/weight-spec.js";
import type { Weights } from "../checkpoint/weights.js";
import { expected } from "../errors.js";
import type { ArchitectureLoader, LoadPipelineOptions, Pipeline } from "../pipeline.js";
import { type T5Config, t5WeightNames, t5WeightSpec } from "../text-encoders/t5-config.js";
import { createT5Encoder } from "../text-encoders/t5-encoder.js";
import { loadT5Tokenizer } from "../tokenizers/load-tokenizer.js";
import { generate } from "./generate.js";
import type { DiffusionModel, LatentDecoder, LatentPredictor } from "./model.js";

/** How a component stands in `model_index.json`: the library, then one of these classes. */
export const componentClass = <const T extends readonly [string, ...string[]]>(...classes: T) =>
  z.tuple([z.string(), z.enum(classes)]);

/** What a component's weights must be, and the model that they make. */
export interface ModelParts<T> {
  readonly spec: WeightSpec;
  readonly names: WeightNames;
  readonly create: (weights: Weights) => T;
}

/** What a family says of itself; the rest of loading is the same for all. */
export interface Family
  extends Omit<
    DiffusionModel,
    "architecture" | "backend" | "tokenizer" | "textEncoder" | "denoiser" | "decoder"
  > {
  readonly text: T5Config;
  readonly denoiser: ModelParts<LatentPredictor>;
  readonly decoder: ModelParts<LatentDecoder>;
  readonly sizes: Pick<Pipeline, "sizeMultiple" | "defaultSize" | "defaultFrames">;
}

/** Opens a folder's tokenizer and components and makes a pipeline of them. */
export async function loadModel(
  options: Parameters<ArchitectureLoader>[0],
  family: Family,
): Promise<Pipeline> {
  const { folder, architecture, backend, attention, variant, signal } = options;
  const { text, sizes, denoiser, decoder, ...rest } = family;
  const tokenizer = await loadT5Tokenizer(join(folder, "tokenizer"));
  if (tokenizer.size > text.vocab_size) {
    throw expected({
      expected: `a tokenizer of at most ${text.vocab_size} tokens, as text_encoder/config.json says`,
      found: String(tokenizer.size),
      where: join(folder, "tokenizer"),
    });
  }

  const opened: Component<unknown>[] = [];
  const open = async <T>(
    name: string,
    parts: ModelParts<T> & { readonly baseName?: string },
  ): Promise<Component<T>> => {
    const component = await openComponent({
      baseName: "diffusion_pytorch_model",
      ...parts,
      folder: join(folder, name),
      backend,
      ...(variant !== undefined && { variant }),
    });
    opened.push(component);
    return component;
  };
  const dispose = () => {
    for (const component of opened) component.dispose();
  };
  try {
    const model: DiffusionModel = {
      ...rest,
      architecture,
      backend,
      tokenizer,
      textEncoder: await open("text_encoder", {
        baseName: "model",
        spec: t5WeightSpec(text),
        names: t5WeightNames,
        create: (weights) => createT5Encoder(text, weights),
      }),
      denoiser: await open("transformer", denoiser),
      decoder: await open("vae", decoder),
    };
    if ((options.residency ?? "keep") === "keep") await loadAll(model, options);
    signal?.throwIfAborted();
    return createPipeline(model, { attention, dispose, sizes });
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Loads every component and reports them as one. */
async function loadAll(
  { textEncoder, denoiser, decoder }: DiffusionModel,
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
  model: DiffusionModel,
  options: Pick<LoadPipelineOptions, "attention"> &
    Pick<Family, "sizes"> & { readonly dispose: () => void },
): Pipeline {
  const { attention, sizes, dispose } = options;
  let disposed = false;
  const free = () => {
    disposed = true;
    dispose();
  };
  return {
    architecture: model.architecture,
    ...sizes,
    async generate(options) {
      if (disposed) throw expected({ expected: "a pipeline", found: "one that was disposed of" });
      return generate(model, {
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
