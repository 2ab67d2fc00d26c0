import { createNormalizer } from "./charsmap.js";
import type { TokenizerModel } from "./sentencepiece-model.js";
import { createUnigramEncoder } from "./unigram.js";

const MARKER = "\u2581";
/** Unicode's White_Space. */
const WHITESPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** A text as ids. */
export interface TokenizedText {
  /** At most the maximum length; the last one is the end token. */
  readonly ids: readonly number[];
  /** What was cut off, as text; empty if nothing was. */
  readonly removed: string;
}

/** Upstream: `T5Tokenizer` of transformers (WhitespaceSplit, Metaspace, Unigram, then `</s>`). */
export interface T5Tokenizer {
  /** Without `maximumLength` nothing is cut. There is no padding: a text's length is its number of ids. */
  encode(text: string, maximumLength?: number): TokenizedText;
  /** One more than the largest id. */
  readonly size: number;
}

/** Makes a tokenizer of what a tokenizer file says. */
export function createT5Tokenizer(model: TokenizerModel): T5Tokenizer {
  const normalize = model.charsmap === undefined ? identity : createNormalizer(model.charsmap);
  const encodeWord = createUnigramEncoder(model);
  const names = new Map([...model.added].map(([name, id]) => [id, name]));
  const splitter = addedTokenSplitter([...model.added.keys()]);

  const encodeAll = (text: string): number[] => {
    const ids: number[] = [];
    for (const part of splitter(text)) {
      const id = model.added.get(part);
      if (id !== undefined) ids.push(id);
      else for (const word of words(normalize(part))) ids.push(...encodeWord(word));
    }
    return ids;
  };
  const decode = (ids: readonly number[]): string =>
    ids
      .map((id) => model.pieces[id]?.piece ?? names.get(id) ?? "")
      .join("")
      .replaceAll(MARKER, " ")
      .trim();

  return {
    size: Math.max(model.pieces.length, ...[...model.added.values()].map((id) => id + 1)),
    encode(text, maximumLength = Number.POSITIVE_INFINITY) {
      const ids = encodeAll(text);
      const kept = ids.slice(0, maximumLength - 1);
      return { ids: [...kept, model.endId], removed: decode(ids.slice(kept.length)) };
    },
  };
}

/** Words with the marker in front, as `WhitespaceSplit` and `Metaspace` cut them. */
function words(text: string): string[] {
  return text
    .split(WHITESPACE)
    .filter((word) => word !== "")
    .map((word) => (word.startsWith(MARKER) ? word : MARKER + word))
    .flatMap((word) => word.split(new RegExp(`(?=${MARKER})`)));
}

/** Cuts a text around the added tokens, the longest first; they stay in the result. */
function addedTokenSplitter(added: readonly string[]): (text: string) => string[] {
  if (added.length === 0) return (text) => [text];
  const alternatives = [...added]
    .sort((a, b) => b.length - a.length)
    .map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const pattern = new RegExp(`(${alternatives.join("|")})`);
  return (text) => text.split(pattern).filter((part) => part !== "");
}

function identity(text: string): string {
  return text;
}
