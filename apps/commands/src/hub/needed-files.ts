import { HubError } from "./hub-error.js";

/** Folders of weights, and what their files' names begin with. */
const WEIGHTS: Readonly<Record<string, string>> = {
  text_encoder: "model",
  transformer: "diffusion_pytorch_model",
  vae: "diffusion_pytorch_model",
};

/** Without these there is no pipeline. */
const REQUIRED = [
  "model_index.json",
  "scheduler/scheduler_config.json",
  ...Object.keys(WEIGHTS).map((folder) => `${folder}/config.json`),
];

/** Tokenizers come in several forms; what is there of these is taken. */
const TOKENIZER = [
  "tokenizer.json",
  "spiece.model",
  "added_tokens.json",
  "special_tokens_map.json",
  "tokenizer_config.json",
].map((file) => `tokenizer/${file}`);

/** What a pipeline reads of a model's files. */
export interface NeededFiles {
  /** JSON and tokenizers. */
  readonly small: readonly string[];
  /** One a component: a safetensors file, or the index that names its shards. */
  readonly weights: readonly string[];
}

/**
 * Chooses what a pipeline reads among the files of a diffusers repository: of several copies of the weights the plain
 * one, or the only one there is; one file before shards.
 *
 * @throws HubError naming what is missing.
 */
export function neededFiles(model: string, paths: readonly string[]): NeededFiles {
  const there = new Set(paths);
  const missing = REQUIRED.find((path) => !there.has(path));
  if (missing !== undefined) {
    throw new HubError(`Expected a diffusers model with ${missing} but found none in ${model}`);
  }
  const tokenizer = TOKENIZER.filter((path) => there.has(path));
  return {
    small: [...REQUIRED, ...tokenizer],
    weights: Object.entries(WEIGHTS).map(([folder, baseName]) => {
      const file = weightFile(paths, `${folder}/${baseName}`);
      if (file !== undefined) return file;
      throw new HubError(
        `Expected safetensors weights, ${folder}/${baseName}.safetensors or its index, but found none in ${model}`,
      );
    }),
  };
}

function weightFile(paths: readonly string[], base: string): string | undefined {
  /** By variant ("fp16"), "" for the plain copy. */
  const copies = new Map<string, { readonly path: string; readonly single: boolean }>();
  for (const path of paths) {
    if (!path.startsWith(`${base}.`)) continue;
    const rest = path.slice(base.length + 1);
    const single = /^(?:(\w+)\.)?safetensors$/.exec(rest);
    const index = /^safetensors\.index\.(?:(\w+)\.)?json$/.exec(rest);
    const variant =
      single !== null ? (single[1] ?? "") : index !== null ? (index[1] ?? "") : undefined;
    if (variant === undefined || copies.get(variant)?.single === true) continue;
    copies.set(variant, { path, single: single !== null });
  }
  const only = copies.size === 1 ? [...copies.values()][0] : undefined;
  return (copies.get("") ?? only)?.path;
}
