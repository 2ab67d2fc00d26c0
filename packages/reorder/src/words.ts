import type { TypedArray } from "./typed-array.js";

/** An array seen as unsigned integers, which copy bit by bit whatever the elements mean. */
export type Words = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/**
 * V8 moves a 64-bit integer from one BigUint64Array to another without making an object of it; other engines may make one
 * per word, which costs more than two 32-bit words. Floats of 64 bits are no way out: an engine may change the bits of a NaN.
 * V8 is told by the way it writes stack traces.
 */
const movesWideWords = /^ {4}at /m.test(new Error("engine").stack ?? "");

/** Both arrays as the widest words that fit their alignment and their rows; `rowWords` words make a row. */
export function wordViews(options: {
  readonly data: TypedArray;
  readonly out: TypedArray;
  readonly rowBytes: number;
  /** Whether words may be of 8 bytes. Default: where the engine is quick with them. */
  readonly wide?: boolean;
}): { readonly source: Words; readonly target: Words; readonly rowWords: number } {
  const { data, out, rowBytes, wide = movesWideWords } = options;
  const alignment = rowBytes | data.byteOffset | out.byteOffset;
  const width = [wide ? 8 : 4, 4, 2].find((bytes) => alignment % bytes === 0) ?? 1;
  const view = ({ buffer, byteOffset, byteLength }: TypedArray): Words => {
    if (width === 8) return new BigUint64Array(buffer, byteOffset, byteLength / 8);
    if (width === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4);
    if (width === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  return { source: view(data), target: view(out), rowWords: rowBytes / width };
}
