import { randomBytes } from "node:crypto";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { modelRow } from "./model-folders.js";
import type { Row } from "./row.js";

const spiece = (folder: string) => join(folder, "tokenizer/spiece.model");

const spieces: Row[] = [
  modelRow("a tokenizer without a file", (folder) => rm(spiece(folder)), [
    /tokenizer\.json or spiece\.model/,
    /found neither/,
  ]),
  modelRow("a spiece.model that is empty", (folder) => writeFile(spiece(folder), ""), [
    /spiece\.model/,
    /found/,
  ]),
  modelRow("a spiece.model that is cut off", (folder) => truncate(spiece(folder), 1001), [
    /spiece\.model/,
    /found/,
  ]),
  modelRow(
    "a spiece.model of other bytes",
    (folder) => writeFile(spiece(folder), Buffer.alloc(4096, 0xff)),
    [/spiece\.model/, /found/],
  ),
  modelRow(
    "a spiece.model that is a pointer of Git LFS",
    (folder) =>
      writeFile(
        spiece(folder),
        `version https://git-lfs.github.com/spec/v1\noid sha256:${randomBytes(32).toString("hex")}\nsize 791656\n`,
      ),
    [/spiece\.model/, /found/],
  ),
  modelRow(
    "a spiece.model whose character map is damaged",
    async (folder) => {
      const bytes = await readFile(spiece(folder));
      // The map is the long field behind the pieces: its own length comes first and is made larger than it is.
      const name = bytes.indexOf("nmt_nfkc");
      bytes.fill(0xff, name + 10, name + 40);
      await writeFile(spiece(folder), bytes);
    },
    [/spiece\.model/, /found/],
  ),
];

const WHOLE = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "WhitespaceSplit" },
      { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always" },
    ],
  },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "</s>", type_id: 0 } }],
    special_tokens: { "</s>": { id: "</s>", ids: [1], tokens: ["</s>"] } },
  },
  model: {
    type: "Unigram",
    unk_id: 2,
    vocab: [
      ["<pad>", 0],
      ["</s>", 0],
      ["<unk>", 0],
      ["\u2581x", -1],
    ],
  },
};

const jsons: Row[] = (
  [
    ["empty", "", [/an empty file/]],
    ["cut off", JSON.stringify(WHOLE).slice(0, 200), [/JSON/]],
    ["of byte pairs", { ...WHOLE, model: { ...WHOLE.model, type: "BPE" } }, [/Unigram/, /BPE/]],
    ["without pieces", { ...WHOLE, model: { ...WHOLE.model, vocab: [] } }, [/vocab/]],
    ["with an unknown piece far off", { ...WHOLE, model: { ...WHOLE.model, unk_id: 99 } }, [/99/]],
    [
      "with scores in words",
      { ...WHOLE, model: { ...WHOLE.model, vocab: [["a", "high"]] } },
      [/vocab/, /high/],
    ],
    [
      "with another normalizer",
      { ...WHOLE, normalizer: { type: "Lowercase" } },
      [/normalizer/, /Lowercase/],
    ],
    [
      "with an end that is not among its pieces",
      {
        ...WHOLE,
        post_processor: { ...WHOLE.post_processor, special_tokens: {} },
      },
      [/<\/s>/],
    ],
    [
      "with a character map that is none",
      { ...WHOLE, normalizer: { type: "Precompiled", precompiled_charsmap: "/////w==" } },
      [/found/],
    ],
  ] as const
).map(([name, content, says]) =>
  modelRow(
    `a tokenizer.json that is ${name}`,
    (folder) =>
      writeFile(
        join(folder, "tokenizer/tokenizer.json"),
        typeof content === "string" ? content : JSON.stringify(content),
      ),
    [/tokenizer\.json/, ...says],
  ),
);

const added: Row[] = (
  [
    ["added_tokens.json", "[1]", [/found/]],
    ["added_tokens.json", '{"<new>": -1}', [/<new>/, /-1/]],
    ["added_tokens.json", '{"<new>": 4000000}', [/150/, /4000001/]],
    ["tokenizer_config.json", "{", [/JSON/]],
    ["tokenizer_config.json", '{"added_tokens_decoder": 7}', [/added_tokens_decoder/, /7/]],
    ["tokenizer_config.json", '{"added_tokens_decoder": {"x": {"content": "<x>"}}}', [/"?x"?/]],
  ] as const
).map(([file, text, says]) =>
  modelRow(`a ${file} of ${text}`, (folder) => writeFile(join(folder, "tokenizer", file), text), [
    /tokenizer/,
    ...says,
  ]),
);

/** Tokenizers that are broken, or not T5's. */
export const tokenizers: readonly Row[] = [...spieces, ...jsons, ...added];
