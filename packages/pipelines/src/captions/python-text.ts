/** Contents of a character class for what Python's `\w` is on text: letters, numbers of any kind, underscore. */
const WORD = "\\p{L}\\p{N}_";
/** Python's `\s` on text: `str.isspace`. */
const SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const DIGIT = "\\p{Nd}";

/**
 * A global regular expression in which `{w}`, `{s}` and `{d}` stand for Python's classes (use them inside brackets),
 * `{b}` for its word boundary. JavaScript's own know ASCII only, even with the `u` flag.
 */
export function pythonPattern(source: string): RegExp {
  const translated = source
    .replaceAll("{b}", `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`)
    .replaceAll("{w}", WORD)
    .replaceAll("{s}", SPACE)
    .replaceAll("{d}", DIGIT);
  return new RegExp(translated, "gu");
}

const EDGES = pythonPattern("^[{s}]+|[{s}]+$");

/** Python's `str.strip()`. */
export function strip(text: string): string {
  return text.replace(EDGES, "");
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Python's `urllib.parse.unquote_plus`: plus signs are spaces, %XX are bytes of UTF-8, wrong ones become U+FFFD. */
export function unquotePlus(text: string): string {
  return text
    .replaceAll("+", " ")
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
      decoder.decode(Uint8Array.from(run.slice(1).split("%"), (byte) => Number.parseInt(byte, 16))),
    );
}
