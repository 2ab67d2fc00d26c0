import { readFile } from "node:fs/promises";
import { expected, PipelineError } from "../errors.js";
import { type ProtobufField, readFields } from "./protobuf-reader.js";
import type { UnigramVocabulary } from "./unigram.js";

/** What a tokenizer file says, whichever format it has. */
export interface TokenizerModel extends UnigramVocabulary {
  /** `nmt_nfkc` and its like, compiled: a double-array trie and the replacements. None: no normalisation. */
  readonly charsmap?: Uint8Array;
  /** Appended to every text: T5's `</s>`. */
  readonly endId: number;
  /** Tokens that are found in the raw text before anything else, such as `</s>` itself. */
  readonly added: ReadonlyMap<string, number>;
}

/** Types of pieces in sentencepiece_model.proto. */
const UNKNOWN = 2n;
const CONTROL = 3n;
const UNIGRAM = 1n;

/**
 * Reads `spiece.model`: sentencepiece's ModelProto, as far as a unigram model needs it.
 *
 * @throws PipelineError naming the file for anything but a unigram model with pieces, an unknown and an end.
 */
export async function readSentencePieceModel(path: string): Promise<TokenizerModel> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw expected({ expected: "a sentencepiece model", found: cause.message, where: path, cause });
  });
  try {
    return parseSentencePieceModel(bytes);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new PipelineError(`${message} in ${path}`, { cause });
  }
}

/** The same from bytes. */
export function parseSentencePieceModel(bytes: Uint8Array): TokenizerModel {
  const pieces: { piece: string; score: number }[] = [];
  const added = new Map<string, number>();
  let charsmap: Uint8Array | undefined;
  // Defaults of sentencepiece_model.proto.
  let trainer = { modelType: UNIGRAM, unknownId: 0, endId: 2, byteFallback: false };
  for (const field of readFields(bytes)) {
    if (field.number === 1) {
      const { piece, score, type } = parsePiece(bytesOf(field));
      if (type === UNKNOWN || type === CONTROL) added.set(piece, pieces.length);
      pieces.push({ piece, score });
    } else if (field.number === 2) {
      trainer = parseTrainer(bytesOf(field), trainer);
    } else if (field.number === 3) {
      for (const inner of readFields(bytesOf(field))) {
        if (inner.number === 2 && bytesOf(inner).length > 0) charsmap = bytesOf(inner);
      }
    }
  }
  if (pieces.length === 0) throw expected({ expected: "pieces", found: "none" });
  if (trainer.modelType !== UNIGRAM) {
    throw expected({ expected: "model_type UNIGRAM", found: String(trainer.modelType) });
  }
  if (trainer.byteFallback) throw expected({ expected: "byte_fallback false", found: "true" });
  for (const [name, id] of [
    ["unk_id", trainer.unknownId],
    ["eos_id", trainer.endId],
  ] as const) {
    if (id >= 0 && id < pieces.length) continue;
    throw expected({ expected: `${name} among ${pieces.length} pieces`, found: String(id) });
  }
  const { unknownId, endId } = trainer;
  return { pieces, unknownId, endId, added, ...(charsmap !== undefined && { charsmap }) };
}

function parsePiece(bytes: Uint8Array): { piece: string; score: number; type: bigint } {
  let piece = "";
  let score = 0;
  let type = 1n;
  for (const field of readFields(bytes)) {
    if (field.number === 1) piece = utf8(bytesOf(field));
    else if (field.number === 2) score = floatOf(field);
    else if (field.number === 3) type = integerOf(field);
  }
  return { piece, score, type };
}

function parseTrainer<T extends { modelType: bigint; unknownId: number; endId: number }>(
  bytes: Uint8Array,
  defaults: T,
): T {
  const trainer = { ...defaults, byteFallback: false };
  for (const field of readFields(bytes)) {
    if (field.number === 3) trainer.modelType = integerOf(field);
    else if (field.number === 35) trainer.byteFallback = integerOf(field) !== 0n;
    else if (field.number === 40) trainer.unknownId = Number(integerOf(field));
    else if (field.number === 42) trainer.endId = Number(integerOf(field));
  }
  return trainer;
}

function bytesOf({ number, value }: ProtobufField): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw expected({ expected: `bytes in field ${number}`, found: "a number" });
}

function integerOf({ number, value }: ProtobufField): bigint {
  if (typeof value === "bigint") return value;
  throw expected({ expected: `an integer in field ${number}`, found: "something else" });
}

function floatOf({ number, value }: ProtobufField): number {
  if (typeof value === "object" && "bits32" in value) {
    const score = new Float32Array(Uint32Array.of(value.bits32).buffer)[0]!;
    if (Number.isFinite(score)) return score;
  }
  throw expected({ expected: `a finite float in field ${number}`, found: "something else" });
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
