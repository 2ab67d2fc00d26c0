import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Row } from "./row.js";

type Json = Record<string, unknown>;

/** A row with a copy of the model in which something is changed. */
export function modelRow(
  name: string,
  change: (folder: string) => Promise<unknown>,
  says: readonly RegExp[],
): Row {
  return { name, args: ({ generateWith }) => generateWith(change), code: 1, says };
}

async function changeJson(path: string, change: (json: Json) => void): Promise<void> {
  const json = JSON.parse((await readFile(path, "utf8")).replace(/-Infinity/g, "-1e999"));
  change(json);
  // -Infinity is what JSON.stringify makes null of; Python writes the word.
  await writeFile(path, JSON.stringify(json).replace('"lambda_min_clipped":null,', ""));
}

const places: Row[] = [
  {
    name: "a model folder that is missing",
    args: () => ["generate", "x", "--model", "./none"],
    code: 1,
    says: [/diffusers folder with model_index\.json/, /none in \.\/none/],
  },
  {
    name: "a model with no name",
    args: () => ["generate", "x", "--model", ""],
    code: 1,
    says: [/model_index\.json/, /found none/],
  },
  {
    name: "a file as model",
    args: ({ prompts }) => ["generate", "x", "--model", prompts],
    code: 1,
    says: [/diffusers folder with model_index\.json/, /none in .*prompts\.txt/],
  },
  {
    name: "a name of the hub out of reach",
    args: () => ["generate", "x", "--model", "owner/name"],
    code: 1,
    says: [/owner\/name/, /127\.0\.0\.1|reach|offline/],
  },
  {
    name: "calibrate with a model folder that is missing",
    args: ({ prompts }) => [
      ...["calibrate", "--model", "./none", "--prompts", prompts, "--out", "p.safetensors"],
    ],
    code: 1,
    says: [/model_index\.json/, /none in \.\/none/],
  },
  {
    name: "evaluate with a model folder that is missing",
    args: async ({ plan, file }) => [
      ...["evaluate", "--model", "./none", "--plan", plan],
      ...["--prompts", await file("other.txt", "a cat\n")],
    ],
    code: 1,
    says: [/model_index\.json/, /none in \.\/none/],
  },
  {
    name: "a folder whose name is two lines",
    args: () => ["generate", "x", "--model", "./no\nne"],
    code: 1,
    says: [/none in \.\/no\\nne/],
  },
];

const index: Row[] = (
  [
    ["missing", undefined, /model_index\.json/, /found none/],
    ["empty", "", /JSON/, /an empty file/],
    ["no JSON", "{", /JSON/, /found/],
    ["a list", "[]", /object/, /found/],
    ["null", "null", /object/, /found null/],
    ["without a class", "{}", /_class_name/, /nothing/],
    ["of a class that is a number", '{"_class_name": 3}', /_class_name/, /3/],
    ["of another family", '{"_class_name": "FluxPipeline"}', /PixArtAlphaPipeline/, /FluxPipeline/],
    ["of a class of Object", '{"_class_name": "__proto__"}', /PixArtAlphaPipeline/, /__proto__/],
    [
      "of a class that clears the screen",
      JSON.stringify({ _class_name: "\u001b[2J" }),
      /PixArtAlphaPipeline/,
      /\\u001b\[2J/,
    ],
  ] as const
).map(([name, text, ...says]) =>
  modelRow(
    `a model_index.json that is ${name}`,
    (folder) => {
      const path = join(folder, "model_index.json");
      return text === undefined ? rm(path) : writeFile(path, text);
    },
    says,
  ),
);

const directories: Row[] = [
  modelRow(
    "a model_index.json that is a folder",
    async (folder) => {
      await rm(join(folder, "model_index.json"));
      await mkdir(join(folder, "model_index.json"));
    },
    [/model_index\.json/, /EISDIR/],
  ),
  modelRow(
    "a model_index.json that links to itself",
    async (folder) => {
      await rm(join(folder, "model_index.json"));
      await symlink("model_index.json", join(folder, "model_index.json"));
    },
    [/model_index\.json/, /ELOOP/],
  ),
];

const COMPONENTS = ["scheduler", "text_encoder", "tokenizer", "transformer", "vae"] as const;

const components: Row[] = COMPONENTS.flatMap((component) => [
  modelRow(
    `a model_index.json without ${component}`,
    (folder) => changeJson(join(folder, "model_index.json"), (json) => delete json[component]),
    [/model_index\.json/, new RegExp(component), /nothing/],
  ),
  modelRow(
    `a ${component} of another class`,
    (folder) =>
      changeJson(join(folder, "model_index.json"), (json) => {
        json[component] = ["diffusers", "SomethingElse"];
      }),
    [/model_index\.json/, new RegExp(component), /SomethingElse/],
  ),
  modelRow(
    `a missing folder ${component}`,
    (folder) => rm(join(folder, component), { recursive: true }),
    [new RegExp(component), /found (no such file|neither)/],
  ),
]);

const CONFIGS = [
  "scheduler/scheduler_config.json",
  "text_encoder/config.json",
  "transformer/config.json",
  "vae/config.json",
] as const;

const configs: Row[] = CONFIGS.flatMap((config) =>
  (
    [
      ["empty", "", /an empty file/],
      ["cut off", '{"in_channels": 4,', /JSON/],
      ["a list", "[1, 2]", /object/],
    ] as const
  ).map(([name, text, found]) =>
    modelRow(`a ${config} that is ${name}`, (folder) => writeFile(join(folder, config), text), [
      new RegExp(config),
      found,
    ]),
  ),
);

/** What a key of a config must not be. */
const values: Row[] = (
  [
    ["transformer/config.json", "num_layers", "two", [/num_layers/, /two/]],
    ["transformer/config.json", "num_layers", 0, [/num_layers/, /0/]],
    ["transformer/config.json", "num_attention_heads", 2.5, [/num_attention_heads/, /2\.5/]],
    ["transformer/config.json", "attention_head_dim", -8, [/attention_head_dim/, /-8/]],
    ["transformer/config.json", "attention_head_dim", null, [/attention_head_dim/, /null/]],
    ["transformer/config.json", "activation_fn", "relu", [/activation_fn/, /relu/]],
    ["transformer/config.json", "norm_type", "layer_norm", [/norm_type/, /layer_norm/]],
    ["transformer/config.json", "attention_bias", "yes", [/attention_bias/, /yes/]],
    ["transformer/config.json", "_class_name", "UNet2DModel", [/_class_name/, /UNet2DModel/]],
    ["transformer/config.json", "in_channels", 8, [/in_channels/, /4, as the autoencoder/, /8/]],
    ["transformer/config.json", "out_channels", 6, [/out_channels/, /4 or/, /found 6/]],
    ["transformer/config.json", "caption_channels", 16, [/caption_channels/, /32/, /found 16/]],
    ["transformer/config.json", "cross_attention_dim", 32, [/cross_attention_dim/, /24/, /32/]],
    ["transformer/config.json", "num_layers", 3, [/transformer/, /transformer_blocks\.2/]],
    ["transformer/config.json", "num_layers", 1, [/transformer/, /transformer_blocks\.1/]],
    ["text_encoder/config.json", "model_type", "umt5", [/model_type/, /umt5/]],
    ["text_encoder/config.json", "d_model", "32", [/d_model/, /32/]],
    ["text_encoder/config.json", "d_ff", 64, [/text_encoder/, /64/, /48/]],
    ["text_encoder/config.json", "feed_forward_proj", "swish", [/feed_forward_proj/, /swish/]],
    ["text_encoder/config.json", "vocab_size", 100, [/100/, /tokenizer/, /found 1\d\d/]],
    ["text_encoder/config.json", "num_layers", 3, [/text_encoder/, /block\.2/]],
    ["vae/config.json", "latent_channels", 8, [/in_channels to be 8/, /found 4/]],
    ["vae/config.json", "act_fn", "mish", [/act_fn/, /mish/]],
    ["vae/config.json", "block_out_channels", [], [/block_out_channels/]],
    ["vae/config.json", "block_out_channels", [8, 0], [/block_out_channels/, /0/]],
    ["vae/config.json", "up_block_types", ["Other"], [/up_block_types/, /Other/]],
    ["vae/config.json", "scaling_factor", 0, [/scaling_factor/, /0/]],
    ["vae/config.json", "norm_num_groups", 5, [/norm_num_groups/, /5/]],
    ["scheduler/scheduler_config.json", "prediction_type", "x0", [/prediction_type/, /x0/]],
    ["scheduler/scheduler_config.json", "solver_order", 4, [/solver_order/, /4/]],
    ["scheduler/scheduler_config.json", "beta_end", 2, [/beta_end/, /2/]],
    ["scheduler/scheduler_config.json", "num_train_timesteps", 1, [/num_train_timesteps/, /1/]],
    ["scheduler/scheduler_config.json", "thresholding", true, [/thresholding/, /true/]],
    ["scheduler/scheduler_config.json", "_class_name", "DDIMScheduler", [/DDIMScheduler/]],
  ] as const
).map(([config, key, value, says]) =>
  modelRow(
    `a ${config} whose ${key} is ${JSON.stringify(value)}`,
    (folder) =>
      changeJson(join(folder, config), (json) => {
        json[key] = value;
      }),
    says,
  ),
);

/** Folders that are no checkpoint, or one that is not served. */
export const modelFolders: readonly Row[] = [
  ...places,
  ...index,
  ...directories,
  ...components,
  ...configs,
  ...values,
];
