import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { SafetensorsError } from "../errors.js";

export interface WriteAtomicallyOptions {
  /** Writes the content. */
  readonly write: (file: FileHandle) => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * Lets `write` fill a temporary file next to `path`, then puts it in place. If anything fails, or the process exits
 * (through `process.exit`), the temporary file is removed and `path` is as it was.
 */
export async function writeFileAtomically(
  path: string,
  { write, signal }: WriteAtomicallyOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const removeAtExit = () => rmSync(temporary, { force: true });
  process.once("exit", removeAtExit);
  try {
    const file = await open(temporary, "wx");
    try {
      await write(file);
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
