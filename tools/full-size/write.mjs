// node tools/full-size/write.mjs MODEL FOLDER [--layers N]: a checkpoint at its full size (bf16) with random weights. What it
// draws is noise; what it costs in time and memory is what the real one costs. `--layers` makes the transformer smaller.
//
// pixart-sigma   for 1024 x 1024 pixels: transformer 0.6 B parameters, T5-XXL's encoder 4.8 B, SDXL's autoencoder; 10.9 GB
// cogvideox-5b   for 49 frames of 720 x 480: transformer 5.6 B parameters, T5-XXL's encoder, its autoencoder; 21.1 GB
import { cp, mkdir, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "../setup/prepare.mjs";
import { main, root } from "../setup/steps.mjs";
import {
  jsonFiles as cogVideoXFiles,
  transformerConfig as cogVideoXTransformer,
} from "./cogvideox-5b/configs.mjs";
import * as cogVideoXTensors from "./cogvideox-5b/tensors.mjs";
import {
  jsonFiles as pixArtFiles,
  transformerConfig as pixArtTransformer,
} from "./pixart-sigma/configs.mjs";
import * as pixArtTensors from "./pixart-sigma/tensors.mjs";
import { randomWeights } from "./random-weights.mjs";
import { textEncoderTensors } from "./t5-xxl.mjs";
import { bytesOf } from "./tensors.mjs";
import { weightFiles } from "./weight-files.mjs";

const MODELS = {
  "pixart-sigma": {
    ...pixArtTensors,
    jsonFiles: pixArtFiles,
    transformerConfig: pixArtTransformer,
  },
  "cogvideox-5b": {
    ...cogVideoXTensors,
    jsonFiles: cogVideoXFiles,
    transformerConfig: cogVideoXTransformer,
  },
};
const USAGE = `usage: node tools/full-size/write.mjs ${Object.keys(MODELS).join("|")} FOLDER [--layers N]`;
const TENSOR_PACKAGE = "@paroattn/tensor";
/** A real tokenizer of few tokens, all of them in T5's vocabulary of ids. */
const TOKENIZER = "packages/sample-image/checkpoint/tokenizer";
const SEED = 1;
/** Left free beside what is written. */
const SPARE = 1e9;
/** Bytes of a safetensors header at most, here. */
const HEADER = 1e6;

function readArguments() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { layers: { type: "string" } },
  });
  const [name, folder, ...more] = positionals;
  if (!Object.hasOwn(MODELS, name ?? "") || folder === undefined || more.length > 0) {
    throw new Error(`Expected a model and a folder but found "${positionals.join(" ")}"\n${USAGE}`);
  }
  const model = MODELS[name];
  const layers = Number(values.layers ?? model.transformerConfig.num_layers);
  if (!Number.isSafeInteger(layers) || layers < 1) {
    throw new Error(`Expected a number of layers from 1 but found "${values.layers}"\n${USAGE}`);
  }
  const config = { ...model.transformerConfig, num_layers: layers };
  return { model, folder: resolve(folder), config };
}

/** A file that a run before this one finished: it has the size of its tensors and a header. */
async function isThere(path, tensors) {
  const status = await stat(path).catch(() => undefined);
  const header = (status?.size ?? 0) - bytesOf(tensors);
  return header > 0 && header < HEADER;
}

async function refuseSmallDisk(folder, bytes) {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes + SPARE) return;
  const need = ((bytes + SPARE) / 1e9).toFixed(1);
  throw new Error(`Expected ${need} GB free in ${folder} but found ${(free / 1e9).toFixed(1)} GB`);
}

await main(async () => {
  const { model, folder, config } = readArguments();
  await prepare(TENSOR_PACKAGE);
  const { writeSafetensors } = await import("../../packages/tensor/dist/index.js");
  await mkdir(folder, { recursive: true });

  const diffusers = { baseName: "diffusion_pytorch_model" };
  const components = [
    weightFiles({ folder: "text_encoder", baseName: "model", tensors: textEncoderTensors() }),
    weightFiles({ folder: "transformer", ...diffusers, tensors: model.transformerTensors(config) }),
    weightFiles({ folder: "vae", ...diffusers, tensors: model.autoencoderTensors() }),
  ];
  const missing = [];
  for (const file of components.flatMap(({ files }) => files)) {
    if (!(await isThere(join(folder, file.path), file.tensors))) missing.push(file);
  }
  await refuseSmallDisk(
    folder,
    missing.reduce((sum, { tensors }) => sum + bytesOf(tensors), 0),
  );
  const chunks = randomWeights(SEED);
  for (const { path, tensors } of missing) {
    const start = Date.now();
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeSafetensors(join(folder, path), {
      tensors: [...tensors].map(([name, tensor]) => [
        name,
        { dtype: "bf16", shape: tensor.shape, chunks: chunks(tensor) },
      ]),
      metadata: { format: "pt" },
    });
    const gigabytes = (bytesOf(tensors) / 1e9).toFixed(2);
    process.stderr.write(
      `  ${path}: ${gigabytes} GB, ${((Date.now() - start) / 1e3).toFixed(0)} s\n`,
    );
  }
  const jsonFiles = { ...model.jsonFiles, "transformer/config.json": config };
  for (const { index } of components) if (index !== undefined) jsonFiles[index.path] = index.value;
  for (const [path, value] of Object.entries(jsonFiles)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${JSON.stringify(value, null, 2)}\n`);
  }
  await cp(join(root, TOKENIZER), join(folder, "tokenizer"), { recursive: true });
  process.stdout.write(`${folder}\n`);
});
