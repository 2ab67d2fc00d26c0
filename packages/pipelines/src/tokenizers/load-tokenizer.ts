import { access } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseConfig } from "../checkpoint/config.js";
import { readJsonFile } from "../checkpoint/json-file.js";
import { expected, PipelineError } from "../errors.js";
import { readSentencePieceModel, type TokenizerModel } from "./sentencepiece-model.js";
import { createT5Tokenizer, type T5Tokenizer } from "./t5-tokenizer.js";
import { readTokenizerJson } from "./tokenizer-json.js";

/** Where older transformers list what they added to `spiece.model` (T5's `<extra_id_0>`). */
const tokenizerConfig = z.object({
  added_tokens_decoder: z
    .record(z.string().regex(/^\d+$/), z.object({ content: z.string().min(1) }))
    .optional(),
});
const addedTokens = z.record(z.string().min(1), z.number().int().nonnegative());

/**
 * Loads a T5 tokenizer folder: `tokenizer.json` if there is one, else `spiece.model`.
 *
 * @throws PipelineError if there is neither, or if what there is is not T5's kind.
 */
export async function loadT5Tokenizer(folder: string): Promise<T5Tokenizer> {
  const json = join(folder, "tokenizer.json");
  if (await exists(json)) return create(await readTokenizerJson(json), json);
  const spiece = join(folder, "spiece.model");
  if (!(await exists(spiece))) {
    throw expected({ expected: "tokenizer.json or spiece.model", found: "neither", where: folder });
  }
  const model = await readSentencePieceModel(spiece);
  return create({ ...model, added: await addedTo(model, folder) }, spiece);
}

/** What is wrong with the model's parts is told of its file. */
function create(model: TokenizerModel, file: string): T5Tokenizer {
  try {
    return createT5Tokenizer(model);
  } catch (error) {
    if (!PipelineError.isInstance(error)) throw error;
    throw new PipelineError(`${error.message} in ${file}`, { cause: error });
  }
}

async function addedTo(model: TokenizerModel, folder: string): Promise<Map<string, number>> {
  const added = new Map(model.added);
  const listed = join(folder, "added_tokens.json");
  if (await exists(listed)) {
    const value = await readJsonFile(listed);
    const tokens = parseConfig({ value, schema: addedTokens, where: listed });
    for (const [token, id] of Object.entries(tokens)) added.set(token, id);
  }
  const config = join(folder, "tokenizer_config.json");
  if (await exists(config)) {
    const value = await readJsonFile(config);
    const { added_tokens_decoder: decoder = {} } = parseConfig({
      value,
      schema: tokenizerConfig,
      where: config,
    });
    for (const [id, { content }] of Object.entries(decoder)) added.set(content, Number(id));
  }
  return added;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
