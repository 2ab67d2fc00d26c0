import { PipelineError } from "../errors.js";

/** Replaces characters as a sentencepiece normalisation rule ("nmt_nfkc") says. */
export type Normalizer = (text: string) => string;

/** A grapheme of fewer bytes is looked up whole before its characters are, as Hugging Face's `Precompiled` does. */
const WHOLE_GRAPHEME_BYTES = 6;

/**
 * Reads a precompiled charsmap: the byte length of a double-array trie (Darts), its 32-bit units, then the
 * replacements, each ended by a zero byte. The result equals Hugging Face's `Precompiled` normalizer.
 *
 * @throws PipelineError if the sizes do not fit.
 */
export function createNormalizer(charsmap: Uint8Array): Normalizer {
  const view = new DataView(charsmap.buffer, charsmap.byteOffset, charsmap.byteLength);
  const trieBytes = charsmap.byteLength >= 4 ? view.getUint32(0, true) : -1;
  if (trieBytes < 4 || trieBytes % 4 !== 0 || trieBytes > charsmap.byteLength - 4) {
    throw new PipelineError(
      `Expected a character map with a trie inside its ${charsmap.byteLength} bytes but found ${trieBytes} bytes of trie`,
    );
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) =>
    view.getUint32(4 + 4 * i, true),
  );
  const replacements = charsmap.subarray(4 + trieBytes);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();

  /** The replacement of the shortest known prefix of the key, if there is one. */
  const lookUp = (key: Uint8Array): string | undefined => {
    let node = offset(units[0]!);
    for (const byte of key) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = units[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
      node ^= offset(unit);
      if ((unit & 0x100) === 0) continue;
      const begin = (units[node] ?? 0) & 0x7fffffff;
      const end = replacements.indexOf(0, begin);
      return decoder.decode(replacements.subarray(begin, end < 0 ? undefined : end));
    }
    return undefined;
  };

  const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
  return (text) => {
    let normalized = "";
    for (const { segment } of graphemes.segment(text)) {
      const bytes = encoder.encode(segment);
      const whole = bytes.length < WHOLE_GRAPHEME_BYTES ? lookUp(bytes) : undefined;
      if (whole !== undefined) {
        normalized += whole;
        continue;
      }
      for (const character of segment) normalized += lookUp(encoder.encode(character)) ?? character;
    }
    return normalized;
  };
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
