import { DTYPE_BYTES, type DType } from "../dtype.js";
import { InvalidTensorError, quote } from "../errors.js";
import { writeFileAtomically } from "../files/write-file-atomically.js";
import { writePieces } from "../files/write-pieces.js";
import { elementCount, type Shape } from "../shape.js";
import { type Tensor, tensor } from "../tensor.js";
import { encodeHeader } from "./encode-header.js";

/** A tensor whose bytes come in pieces, for files larger than memory. */
export interface StreamedTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Little-endian, row-major; together as many bytes as dtype and shape ask for. */
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export type TensorToWrite = Tensor | StreamedTensor;

export interface WriteSafetensorsOptions {
  readonly tensors:
    | Readonly<Record<string, TensorToWrite>>
    | Iterable<readonly [string, TensorToWrite]>;
  /** The file's `__metadata__`; none by default. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Stops the write; nothing is left behind, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Writes a safetensors file: under a temporary name in the same folder, synced, then renamed, so that `path` either
 * stays as it was or holds the whole file. The same tensors give the same bytes, in whatever order they come.
 *
 * @throws InvalidTensorError for tensors that do not fit their shapes, or names that are taken twice.
 * @throws SafetensorsError naming the path if it cannot be written.
 */
export async function writeSafetensors(
  path: string,
  options: WriteSafetensorsOptions,
): Promise<void> {
  const { header, ordered } = encode(options);
  const abort = options.signal === undefined ? {} : { signal: options.signal };
  await writeFileAtomically(path, {
    ...abort,
    async write(file) {
      await writePieces({ file, data: header });
      for (const [name, value] of ordered) {
        for await (const chunk of checkedChunks(name, value)) {
          await writePieces({ ...abort, file, data: chunk });
        }
      }
    },
  });
}

/**
 * The bytes that `writeSafetensors` would write, in memory.
 *
 * @throws InvalidTensorError as `writeSafetensors`.
 */
export function encodeSafetensors(options: {
  readonly tensors: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]>;
  readonly metadata?: Readonly<Record<string, string>>;
}): Uint8Array {
  const { header, ordered } = encode(options);
  const parts = [header, ...ordered.map(([, value]) => bytesOf(value as Tensor))];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function encode({ tensors, metadata }: WriteSafetensorsOptions) {
  const list = Symbol.iterator in tensors ? [...tensors] : Object.entries(tensors);
  for (const [, value] of list) if ("data" in value) tensor(value);
  return encodeHeader({ tensors: list, ...(metadata === undefined ? {} : { metadata }) });
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function* checkedChunks(name: string, value: TensorToWrite): AsyncGenerator<Uint8Array> {
  if ("data" in value) {
    yield bytesOf(value);
    return;
  }
  const expected = elementCount(value.shape) * DTYPE_BYTES[value.dtype];
  let found = 0;
  for await (const chunk of value.chunks) {
    found += chunk.length;
    if (found > expected) break;
    yield chunk;
  }
  if (found !== expected) {
    throw new InvalidTensorError(
      `Expected ${expected} bytes in the chunks of ${quote(name)} but found ${found > expected ? "more" : found}`,
    );
  }
}
