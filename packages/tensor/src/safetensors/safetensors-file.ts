import { DTYPE_ARRAYS, DTYPE_BYTES, type DType } from "../dtype.js";
import { quote, SafetensorsError } from "../errors.js";
import { elementCount, type Shape } from "../shape.js";
import { type Tensor, tensor } from "../tensor.js";
import type { ByteSource } from "./byte-source.js";
import type { SafetensorsHeader } from "./header.js";
import type { ReadOptions, RowRange, TensorSource } from "./source.js";
import { isReadable } from "./stored-dtype.js";
import type { TensorInfo } from "./tensor-info.js";

/** One safetensors file, its header parsed. */
export class SafetensorsFile implements TensorSource {
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly #source: ByteSource;
  readonly #tensors: ReadonlyMap<string, TensorInfo>;

  constructor(source: ByteSource, header: SafetensorsHeader) {
    this.names = [...header.tensors.keys()];
    this.metadata = header.metadata;
    this.files = [source.path];
    this.#source = source;
    this.#tensors = header.tensors;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  info(name: string): TensorInfo & { readonly path: string } {
    const info = this.#tensors.get(name);
    if (info === undefined) {
      throw new SafetensorsError({
        expected: `a tensor named ${quote(name)}`,
        found: `${this.names.length} others`,
        path: this.#source.path,
      });
    }
    return { ...info, path: this.#source.path };
  }

  async read(name: string, options: ReadOptions = {}): Promise<Tensor> {
    const { dtype, shape, byteOffset } = this.#readable(name);
    return this.#readAt({ ...options, name, dtype, shape, byteOffset });
  }

  async readRows(
    name: string,
    { start, end, ...options }: RowRange & ReadOptions,
  ): Promise<Tensor> {
    const { dtype, shape, byteOffset } = this.#readable(name);
    const [rows, ...rest] = shape;
    const valid = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end;
    if (rows === undefined || !valid || end > rows) {
      throw new SafetensorsError({
        expected: rows === undefined ? "a tensor with rows" : `a row range within 0 ... ${rows}`,
        found: rows === undefined ? "a scalar" : `${start} ... ${end}`,
        tensor: name,
        path: this.#source.path,
      });
    }
    const rowBytes = elementCount(rest) * DTYPE_BYTES[dtype];
    return this.#readAt({
      ...options,
      name,
      dtype,
      shape: [end - start, ...rest],
      byteOffset: byteOffset + start * rowBytes,
    });
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #readable(name: string): TensorInfo & { readonly dtype: DType } {
    const info = this.info(name);
    const { dtype } = info;
    if (!isReadable(dtype)) {
      throw new SafetensorsError({
        expected: `a dtype of ${Object.keys(DTYPE_BYTES).join(", ")}`,
        found: dtype,
        tensor: name,
        path: this.#source.path,
      });
    }
    return { ...info, dtype };
  }

  async #readAt(
    options: ReadOptions & {
      readonly name: string;
      readonly dtype: DType;
      readonly shape: Shape;
      readonly byteOffset: number;
    },
  ): Promise<Tensor> {
    const { name, dtype, shape, byteOffset, ...rest } = options;
    const byteLength = elementCount(shape) * DTYPE_BYTES[dtype];
    let buffer: ArrayBuffer;
    try {
      buffer = new ArrayBuffer(byteLength);
    } catch (cause) {
      throw new SafetensorsError({
        expected: `memory for ${byteLength} bytes (readRows takes a part)`,
        found: cause instanceof Error ? cause.message : String(cause),
        tensor: name,
        path: this.#source.path,
        cause,
      });
    }
    await this.#source.readInto(new Uint8Array(buffer), { ...rest, position: byteOffset });
    return tensor({ dtype, shape, data: new DTYPE_ARRAYS[dtype](buffer) });
  }
}
