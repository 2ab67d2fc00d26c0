import type { TypedArray } from "./typed-array.js";

/** An array seen as unsigned integers, which copy bit by bit whatever the elements mean. */
export type Words = Uint8Array | Uint16Array | Uint32Array;

/** Both arrays as the widest words that fit their alignment and their rows; `rowWords` words make a row. */
export function wordViews(options: {
  readonly data: TypedArray;
  readonly out: TypedArray;
  readonly rowBytes: number;
}): { readonly source: Words; readonly target: Words; readonly rowWords: number } {
  const { data, out, rowBytes } = options;
  const alignment = rowBytes | data.byteOffset | out.byteOffset;
  const width = alignment % 4 === 0 ? 4 : alignment % 2 === 0 ? 2 : 1;
  const view = ({ buffer, byteOffset, byteLength }: TypedArray): Words => {
    if (width === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4);
    if (width === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  return { source: view(data), target: view(out), rowWords: rowBytes / width };
}

/** Copies of up to so many words go word by word: making a view would cost more than the copy. */
const SHORT_COPY = 48;

/** Copies `words` words from `source[from]` to `target[to]`. */
export function copyWords(options: {
  readonly source: Words;
  readonly target: Words;
  readonly from: number;
  readonly to: number;
  readonly words: number;
}): void {
  const { source, target, from, to, words } = options;
  if (words > SHORT_COPY) {
    target.set(source.subarray(from, from + words), to);
  } else {
    // Four at a time: the checks of the loop cost as much as a word.
    let i = 0;
    for (; i + 4 <= words; i += 4) {
      target[to + i] = source[from + i] as number;
      target[to + i + 1] = source[from + i + 1] as number;
      target[to + i + 2] = source[from + i + 2] as number;
      target[to + i + 3] = source[from + i + 3] as number;
    }
    for (; i < words; i++) target[to + i] = source[from + i] as number;
  }
}
