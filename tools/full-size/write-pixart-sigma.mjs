// node tools/full-size/write-pixart-sigma.mjs FOLDER: a PixArt-Sigma checkpoint for 1024 x 1024 pixels at its full size
// (transformer 0.6 B parameters, T5-XXL encoder 4.8 B, SDXL's autoencoder; bf16, 10.9 GB) with random weights. What it
// draws is noise; what it costs in time and memory is what the real one costs.
import { cp, mkdir, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { prepare } from "../setup/prepare.mjs";
import { main, root } from "../setup/steps.mjs";
import { jsonFiles } from "./pixart-sigma/configs.mjs";
import {
  autoencoderTensors,
  textEncoderTensors,
  transformerTensors,
} from "./pixart-sigma/tensors.mjs";
import { randomWeights } from "./random-weights.mjs";

const TENSOR_PACKAGE = "@paroattn/tensor";
/** A real tokenizer of few tokens, all of them in T5's vocabulary of ids. */
const TOKENIZER = "packages/sample-image/checkpoint/tokenizer";
const SEED = 1;
/** Bytes of a shard at most, as transformers splits by default. */
const SHARD = 5e9;
/** Left free beside what is written. */
const SPARE = 1e9;

function bytesOf(tensors) {
  let bytes = 0;
  for (const { shape } of tensors.values()) bytes += 2 * shape.reduce((a, b) => a * b, 1);
  return bytes;
}

/** Weight files: a path and its tensors. */
function weightFiles() {
  const shards = [new Map()];
  for (const [name, tensor] of textEncoderTensors()) {
    const last = shards.at(-1);
    const grown = bytesOf(last) + bytesOf(new Map([[name, tensor]]));
    if (last.size > 0 && grown > SHARD) shards.push(new Map([[name, tensor]]));
    else last.set(name, tensor);
  }
  const number = (index) => String(index).padStart(5, "0");
  return [
    ...shards.map((tensors, index) => ({
      path: `text_encoder/model-${number(index + 1)}-of-${number(shards.length)}.safetensors`,
      tensors,
    })),
    { path: "transformer/diffusion_pytorch_model.safetensors", tensors: transformerTensors() },
    { path: "vae/diffusion_pytorch_model.safetensors", tensors: autoencoderTensors() },
  ];
}

/** transformers' index of the text encoder's shards. */
function shardIndex(files) {
  const weight_map = {};
  let total_size = 0;
  for (const { path, tensors } of files) {
    const [folder, file] = path.split("/");
    if (folder !== "text_encoder") continue;
    for (const name of tensors.keys()) weight_map[name] = file;
    total_size += bytesOf(tensors);
  }
  return { metadata: { total_size }, weight_map };
}

/** A file that a run before this one finished: it has the size of its tensors and a header. */
async function isThere(path, tensors) {
  const status = await stat(path).catch(() => undefined);
  return status !== undefined && status.size > bytesOf(tensors);
}

async function refuseSmallDisk(folder, bytes) {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes + SPARE) return;
  const need = ((bytes + SPARE) / 1e9).toFixed(1);
  throw new Error(`Expected ${need} GB free in ${folder} but found ${(free / 1e9).toFixed(1)} GB`);
}

await main(async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  if (positionals.length !== 1) {
    throw new Error(
      `Expected one folder but found ${positionals.length}\nusage: node tools/full-size/write-pixart-sigma.mjs FOLDER`,
    );
  }
  await prepare(TENSOR_PACKAGE);
  const { writeSafetensors } = await import("../../packages/tensor/dist/index.js");
  const folder = resolve(positionals[0]);
  await mkdir(folder, { recursive: true });

  const files = weightFiles();
  const missing = [];
  for (const file of files) {
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
  const index = "text_encoder/model.safetensors.index.json";
  for (const [path, value] of Object.entries({ ...jsonFiles, [index]: shardIndex(files) })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${JSON.stringify(value, null, 2)}\n`);
  }
  await cp(join(root, TOKENIZER), join(folder, "tokenizer"), { recursive: true });
  process.stdout.write(`${folder}\n`);
});
