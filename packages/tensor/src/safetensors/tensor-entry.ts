import { describe, InvalidTensorError, SafetensorsError } from "../errors.js";
import { elementCount } from "../shape.js";
import { storedDType } from "./stored-dtype.js";
import type { TensorInfo } from "./tensor-info.js";

interface EntryOptions {
  readonly name: string;
  /** As `JSON.parse` made it. */
  readonly value: unknown;
  readonly dataOffset: number;
  readonly fileSize: number;
}

/** Checks one tensor of the header: its dtype, its shape and its offsets, which must agree. */
export function parseTensorEntry(options: EntryOptions): TensorInfo {
  const { name, value, dataOffset, fileSize } = options;
  const refuse = (expected: string, found: string): never => {
    throw new SafetensorsError({ expected, found, tensor: name });
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("an object with dtype, shape and data_offsets", describe(value));
  }
  const entry = value as Readonly<Record<string, unknown>>;
  const stored = storedDType(entry.dtype);
  if (stored === undefined) {
    return refuse("a dtype of safetensors (F32, F16, BF16, ...)", describe(entry.dtype));
  }
  const shape = entry.shape;
  if (!Array.isArray(shape)) return refuse("a list of sizes as shape", describe(shape));
  const bytes = (countElements(shape, name) * stored.bits) / 8;
  if (!Number.isSafeInteger(bytes)) {
    return refuse("a shape of a whole and safe number of bytes", describe(shape));
  }
  const offsets = entry.data_offsets;
  if (!isOffsets(offsets)) {
    return refuse("two whole data_offsets, begin <= end", describe(offsets));
  }
  const [begin, end] = offsets;
  if (end > fileSize - dataOffset) {
    return refuse(
      `data_offsets within the ${fileSize - dataOffset} bytes after the header`,
      describe(offsets),
    );
  }
  if (end - begin !== bytes) {
    return refuse(
      `${bytes} bytes (${stored.dtype} ${describe(shape)})`,
      `${end - begin} bytes (data_offsets ${describe(offsets)})`,
    );
  }
  return { dtype: stored.dtype, shape, byteOffset: dataOffset + begin, byteLength: bytes };
}

function countElements(shape: readonly unknown[], name: string): number {
  try {
    return elementCount(shape as readonly number[]);
  } catch (error) {
    if (!InvalidTensorError.isInstance(error)) throw error;
    throw new SafetensorsError({
      expected: "a shape of whole sizes with a safe product",
      found: describe(shape),
      tensor: name,
      cause: error,
    });
  }
}

function isOffsets(value: unknown): value is readonly [number, number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((offset) => Number.isSafeInteger(offset) && offset >= 0) &&
    value[0] <= value[1]
  );
}

/** The tensors must follow one another without overlap or hole and end where the file ends. */
export function assertNoGaps(options: {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly dataOffset: number;
  readonly fileSize: number;
}): void {
  const { tensors, dataOffset, fileSize } = options;
  const sorted = [...tensors].sort(
    ([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength,
  );
  let end = dataOffset;
  for (const [name, { byteOffset, byteLength }] of sorted) {
    if (byteOffset !== end) {
      throw new SafetensorsError({
        expected: `its data to begin at byte ${end - dataOffset}, where the tensor before it ends`,
        found: `${byteOffset < end ? "an overlap" : "a hole"}: it begins at ${byteOffset - dataOffset}`,
        tensor: name,
      });
    }
    end += byteLength;
  }
  if (end !== fileSize) {
    throw new SafetensorsError({
      expected: `a file of ${end} bytes (its last tensor ends there)`,
      found: `${fileSize} bytes`,
    });
  }
}
