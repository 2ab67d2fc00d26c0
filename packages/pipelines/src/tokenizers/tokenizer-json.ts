import { z } from "zod";
import { parseConfig } from "../checkpoint/config.js";
import { readJsonFile } from "../checkpoint/json-file.js";
import { expected } from "../errors.js";
import type { TokenizerModel } from "./sentencepiece-model.js";

const MARKER = "\u2581";

/** Whitespace is split away before the pieces are searched, so that these two change nothing after `Precompiled`. */
const harmless = z.union([
  z.object({ type: z.literal("Strip") }),
  z.object({
    type: z.literal("Replace"),
    pattern: z.object({ Regex: z.literal(" {2,}") }),
    content: z.enum([" ", MARKER]),
  }),
]);
const precompiled = z.object({
  type: z.literal("Precompiled"),
  precompiled_charsmap: z.string(),
});

/** `tokenizer.json` of T5, as Hugging Face tokenizers writes it. */
const tokenizerJson = z.object({
  added_tokens: z.array(
    z.object({ id: z.number().int().nonnegative(), content: z.string().min(1) }),
  ),
  normalizer: z.union([
    z.null(),
    precompiled,
    z.object({
      type: z.literal("Sequence"),
      normalizers: z.array(z.union([precompiled, harmless])),
    }),
  ]),
  pre_tokenizer: z.object({
    type: z.literal("Sequence"),
    pretokenizers: z.tuple([
      z.object({ type: z.literal("WhitespaceSplit") }),
      z.object({
        type: z.literal("Metaspace"),
        replacement: z.literal(MARKER),
        // Older files say add_prefix_space instead.
        prepend_scheme: z.literal("always").optional(),
        add_prefix_space: z.literal(true).optional(),
        split: z.literal(true).optional(),
      }),
    ]),
  }),
  post_processor: z.object({
    type: z.literal("TemplateProcessing"),
    single: z.tuple([
      z.object({ Sequence: z.object({ id: z.literal("A") }) }),
      z.object({ SpecialToken: z.object({ id: z.string() }) }),
    ]),
    special_tokens: z.record(z.string(), z.object({ ids: z.tuple([z.number().int()]) })),
  }),
  model: z.object({
    type: z.literal("Unigram"),
    unk_id: z.number().int().nonnegative(),
    vocab: z.array(z.tuple([z.string(), z.number()])).min(1),
    byte_fallback: z.literal(false).optional(),
  }),
});

/**
 * Reads T5's `tokenizer.json`.
 *
 * @throws PipelineError naming the file and the first thing that is not as T5's tokenizers have it.
 */
export async function readTokenizerJson(path: string): Promise<TokenizerModel> {
  const file = parseConfig({
    value: await readJsonFile(path),
    schema: tokenizerJson,
    where: path,
  });
  const { normalizer, model, post_processor: post } = file;
  const normalizers =
    normalizer === null
      ? []
      : normalizer.type === "Sequence"
        ? normalizer.normalizers
        : [normalizer];
  const map = normalizers.find((entry) => entry.type === "Precompiled");
  const end = post.single[1].SpecialToken.id;
  const endId = post.special_tokens[end]?.ids[0];
  if (endId === undefined) {
    throw expected({ expected: `the id of ${end}`, found: "none", where: path });
  }
  if (model.unk_id >= model.vocab.length) {
    throw expected({
      expected: `model.unk_id below ${model.vocab.length}`,
      found: String(model.unk_id),
      where: path,
    });
  }
  return {
    pieces: model.vocab.map(([piece, score]) => ({ piece, score })),
    unknownId: model.unk_id,
    endId,
    added: new Map(file.added_tokens.map(({ content, id }) => [content, id])),
    ...(map !== undefined && { charsmap: Buffer.from(map.precompiled_charsmap, "base64") }),
  };
}
