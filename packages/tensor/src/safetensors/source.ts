import type { Tensor } from "../tensor.js";
import type { TensorInfo } from "./tensor-info.js";

/** Rows of a tensor: the indices from `start` up to, but without, `end` along its first axis. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

export interface ReadOptions {
  /** Stops the read between pieces of 16 MiB; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Named tensors on disk: one safetensors file or a sharded checkpoint. Opening one reads headers only. */
export interface TensorSource {
  /** Names of all tensors, in the order of the header (or of the index). */
  readonly names: readonly string[];
  /** The file's `__metadata__` (or that of the shards together). */
  readonly metadata: Readonly<Record<string, string>>;
  /** The files behind it, absolute or relative as they were opened. */
  readonly files: readonly string[];
  has(name: string): boolean;
  /** @throws SafetensorsError if there is no such tensor. */
  info(name: string): TensorInfo & { readonly path: string };
  /**
   * Reads a whole tensor into memory of its own.
   *
   * @throws SafetensorsError if there is no such tensor, its dtype is none of ours, or the file cannot be read; the
   * signal's reason.
   */
  read(name: string, options?: ReadOptions): Promise<Tensor>;
  /**
   * Reads a range of rows, without touching the rest; the result's shape is [end - start, ...].
   *
   * @throws SafetensorsError as `read`, and for a scalar or a range outside the tensor.
   */
  readRows(name: string, rows: RowRange & ReadOptions): Promise<Tensor>;
  /** Closes the files. Calling it twice is harmless; reading afterwards is an error. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
