import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { SafetensorsError } from "../errors.js";
import { writePieces } from "./write-pieces.js";

/** The content, whole or through a callback; one of the two. */
export type WriteFileAtomicallyOptions = {
  /** Stops the write; nothing is left behind, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
} & (
  | {
      /** The content. A string is written as UTF-8. */
      readonly data: Uint8Array | string;
    }
  | {
      /** Writes the content; it looks at the signal itself while it does. */
      readonly write: (file: FileHandle) => Promise<void>;
    }
);

/**
 * Writes a file of any kind: under a temporary name in the same folder, synced, then renamed, so that `path` either stays
 * as it was or holds the whole file. If anything fails, or the process exits through `process.exit`, the temporary
 * file is removed.
 *
 * @throws SafetensorsError naming the path if it cannot be written; what `write` throws; the signal's reason.
 *
 * @example
 * await writeFileAtomically("report.json", { data: JSON.stringify(report) });
 */
export async function writeFileAtomically(
  path: string,
  options: WriteFileAtomicallyOptions,
): Promise<void> {
  const { signal } = options;
  signal?.throwIfAborted();
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const removeAtExit = () => rmSync(temporary, { force: true });
  process.once("exit", removeAtExit);
  try {
    const file = await open(temporary, "wx");
    try {
      if ("write" in options) await options.write(file);
      else await writePieces({ ...options, file });
      await file.sync();
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    if (!isSystemError(cause)) throw cause;
    throw new SafetensorsError({
      expected: "a file that can be written",
      found: cause.message,
      path,
      cause,
    });
  } finally {
    process.removeListener("exit", removeAtExit);
  }
}

/** Makes the rename itself durable, where the system lets a folder be synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** The file system's own errors ("ENOSPC: no space left on device, write"); all others come from the caller. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && "code" in error;
}
