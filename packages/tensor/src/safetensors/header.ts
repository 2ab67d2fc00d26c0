import { describe, SafetensorsError } from "../errors.js";
import { duplicateKey } from "./duplicate-keys.js";
import { assertNoGaps, parseTensorEntry } from "./tensor-entry.js";
import type { TensorInfo } from "./tensor-info.js";

/** Largest header that safetensors itself accepts, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Bytes of the header's length in front of it, a little-endian u64. */
export const LENGTH_BYTES = 8;

const MAX_TENSORS = 1_000_000;

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Where the tensors' bytes begin, from the start of the file. */
  readonly dataOffset: number;
}

/**
 * Bytes in front of the tensors' data, from the first 8 bytes of a file.
 *
 * @throws SafetensorsError if the header is longer than the file or than 100 MB.
 */
export function dataOffsetOf(start: Uint8Array, fileSize: number): number {
  if (start.length < LENGTH_BYTES || fileSize < LENGTH_BYTES) {
    throw new SafetensorsError({
      expected: `a header length of ${LENGTH_BYTES} bytes`,
      found: `a file of ${Math.min(start.length, fileSize)} bytes`,
    });
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new SafetensorsError({
      expected: `a header of at most ${MAX_HEADER_BYTES} bytes`,
      found: `a header length of ${length} bytes`,
    });
  }
  const dataOffset = LENGTH_BYTES + Number(length);
  if (dataOffset > fileSize) {
    throw new SafetensorsError({
      expected: `a file of at least ${dataOffset} bytes (its header ends there)`,
      found: `a file of ${fileSize} bytes`,
    });
  }
  return dataOffset;
}

/**
 * Parses and checks the header of a safetensors file. Pure.
 * `bytes` is the file's beginning, up to the end of the header at least; `fileSize` is the whole file's size in bytes.
 * Dtypes that this package cannot read are listed all the same.
 *
 * @throws SafetensorsError for anything but a valid header whose tensors fill the rest of the file exactly.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, fileSize: number): SafetensorsHeader {
  const dataOffset = dataOffsetOf(bytes, fileSize);
  if (bytes.length < dataOffset) {
    throw new SafetensorsError({
      expected: `the header's ${dataOffset} bytes`,
      found: `${bytes.length} bytes`,
    });
  }
  const entries = Object.entries(parseObject(bytes.subarray(LENGTH_BYTES, dataOffset)));
  if (entries.length > MAX_TENSORS) {
    throw new SafetensorsError({
      expected: `at most ${MAX_TENSORS} tensors`,
      found: String(entries.length),
    });
  }
  let metadata: Record<string, string> = {};
  const tensors = new Map<string, TensorInfo>();
  for (const [name, value] of entries) {
    if (name === "__metadata__") metadata = parseMetadata(value);
    else tensors.set(name, parseTensorEntry({ name, value, dataOffset, fileSize }));
  }
  assertNoGaps({ tensors, dataOffset, fileSize });
  return { metadata, tensors, dataOffset };
}

function parseObject(bytes: Uint8Array): object {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError({
      expected: "a header in JSON",
      found: `${bytes.length} bytes that do not parse`,
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SafetensorsError({ expected: "a JSON object as header", found: describe(value) });
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw new SafetensorsError({
      expected: "every key of the header once",
      found: `${describe(twice)} twice`,
    });
  }
  return value;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SafetensorsError({ expected: "an object as __metadata__", found: describe(value) });
  }
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") {
      throw new SafetensorsError({
        expected: `a string as __metadata__ ${describe(key)}`,
        found: describe(item),
      });
    }
  }
  return value as Record<string, string>;
}
