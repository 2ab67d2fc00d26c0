import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { SafetensorsError } from "../errors.js";
import type { ReadOptions } from "./source.js";

/** Bytes that can be read at any position: a file or memory. */
export interface ByteSource {
  /** For messages. */
  readonly path: string;
  readonly size: number;
  /** Fills `target`, or throws. */
  readInto(target: Uint8Array, from: ReadFrom): Promise<void>;
  close(): Promise<void>;
}

export interface ReadFrom extends ReadOptions {
  /** From the start of the bytes. */
  readonly position: number;
}

/** A single read cannot be stopped and may not exceed 2^31 - 1 bytes; this much is quick on a slow disk too. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** A pipe that nobody writes to would else hold the opening for ever. Windows has neither the flag nor such pipes. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Opens a file for ranged reads. Its size is looked at once. */
export async function openFile(path: string): Promise<ByteSource> {
  const handle = await open(path, READ).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const status = await handle.stat();
    if (!status.isFile()) {
      throw new SafetensorsError({
        expected: "a safetensors file",
        found: status.isDirectory() ? "a folder" : "something that is no file",
        path,
      });
    }
    return new FileSource(path, status.size, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Wraps bytes in memory; nothing is copied until it is read. */
export function memorySource(bytes: Uint8Array, path: string): ByteSource {
  return {
    path,
    size: bytes.length,
    async readInto(target, { position, signal }) {
      signal?.throwIfAborted();
      target.set(bytes.subarray(position, position + target.length));
    },
    async close() {},
  };
}

class FileSource implements ByteSource {
  #handle: FileHandle | undefined;

  constructor(
    readonly path: string,
    readonly size: number,
    handle: FileHandle,
  ) {
    this.#handle = handle;
  }

  async readInto(target: Uint8Array, { position, signal }: ReadFrom): Promise<void> {
    let done = 0;
    while (done < target.length) {
      signal?.throwIfAborted();
      if (this.#handle === undefined) {
        throw new SafetensorsError({
          expected: "an open file",
          found: "one that was closed",
          path: this.path,
        });
      }
      const length = Math.min(CHUNK_BYTES, target.length - done);
      const { bytesRead } = await this.#handle
        .read(target, done, length, position + done)
        .catch((cause: unknown) => {
          throw unreadable(this.path, cause);
        });
      if (bytesRead === 0) {
        throw new SafetensorsError({
          expected: `${target.length} bytes at byte ${position}`,
          found: `a file that ends after ${done} of them`,
          path: this.path,
        });
      }
      done += bytesRead;
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** A system error as ours; the reason is the system's own ("ENOENT: no such file or directory"). */
export function unreadable(path: string, cause: unknown): SafetensorsError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SafetensorsError({ expected: "a readable file", found: reason, path, cause });
}
