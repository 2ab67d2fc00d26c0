import { DTYPE_BYTES, type DType } from "../dtype.js";
import { InvalidTensorError, quote } from "../errors.js";
import { elementCount, type Shape } from "../shape.js";

/** safetensors' own order: wide elements first, so that every tensor is aligned without padding. */
const ORDER: readonly DType[] = ["f32", "i32", "bf16", "f16", "i8", "u8"];

interface Described {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * The bytes in front of the data, and the tensors in the order in which their data must follow:
 * by dtype, then by name, whatever the order they came in.
 *
 * @throws InvalidTensorError for a name that occurs twice or is reserved.
 */
export function encodeHeader<T extends Described>(options: {
  readonly tensors: Iterable<readonly [string, T]>;
  readonly metadata?: Readonly<Record<string, string>>;
}): { readonly header: Uint8Array; readonly ordered: readonly (readonly [string, T])[] } {
  const ordered = [...options.tensors].sort(
    ([nameA, a], [nameB, b]) =>
      ORDER.indexOf(a.dtype) - ORDER.indexOf(b.dtype) || (nameA < nameB ? -1 : 1),
  );
  const entries: [string, unknown][] = [];
  if (options.metadata !== undefined) {
    const sorted = Object.entries(options.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, value] of sorted) assertString(key, value);
    entries.push(["__metadata__", Object.fromEntries(sorted)]);
  }
  const names = new Set<string>();
  let end = 0;
  for (const [name, { dtype, shape }] of ordered) {
    assertName(name, names);
    const begin = end;
    end += elementCount(shape) * DTYPE_BYTES[dtype];
    entries.push([name, { dtype: dtype.toUpperCase(), shape, data_offsets: [begin, end] }]);
  }
  // Entry by entry: an object would sort names that look like numbers to its front.
  const pairs = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return { header: framed(`{${pairs.join(",")}}`), ordered };
}

/** The text behind its length, padded with spaces to a multiple of 8 bytes so that the data is aligned. */
function framed(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return header;
}

function assertName(name: string, names: Set<string>): void {
  if (name === "__metadata__" || names.has(name)) {
    throw new InvalidTensorError(
      `Expected tensor names once each and none of "__metadata__" but found ${quote(name)}`,
    );
  }
  names.add(name);
}

function assertString(key: string, value: unknown): void {
  if (typeof value !== "string") {
    throw new InvalidTensorError(
      `Expected a string as metadata ${quote(key)} but found ${typeof value}`,
    );
  }
}
