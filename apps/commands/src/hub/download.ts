import { createHash } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomically } from "@paroattn/tensor";
import { HubError } from "./hub-error.js";
import type { HubFile, Repository } from "./repository.js";

/** Whether a file was fetched before: it is only ever there under its name when it was whole and its hash right. */
export async function isFetched(file: string, { size }: HubFile): Promise<boolean> {
  const status = await stat(file).catch(() => undefined);
  return status?.isFile() === true && status.size === size;
}

/**
 * Fetches one file: under a temporary name, its size and hash checked, then renamed.
 *
 * @throws HubError for what is not what the hub announced, a full disk, and a hub that cannot be reached; the signal's reason.
 */
export async function downloadInto(options: {
  readonly repository: Repository;
  readonly file: HubFile;
  readonly target: string;
  readonly signal: AbortSignal;
  /** Told of the bytes of this file that have come. */
  readonly onBytes: (done: number) => void;
}): Promise<void> {
  const { repository, file, target, signal, onBytes } = options;
  const { path, size, sha256, gitBlob } = file;
  const hash = createHash(sha256 !== undefined ? "sha256" : "sha1");
  if (sha256 === undefined) hash.update(`blob ${size}\0`);
  await mkdir(dirname(target), { recursive: true });
  try {
    await writeFileAtomically(target, {
      signal,
      async write(handle) {
        let done = 0;
        for await (const chunk of await repository.download(path)) {
          signal.throwIfAborted();
          done += chunk.length;
          if (done > size) break;
          hash.update(chunk);
          await handle.writeFile(chunk);
          onBytes(done);
        }
        if (done !== size) {
          throw new HubError(
            `Expected ${size} bytes of ${path} but ${done > size ? "more" : done} came; try again, what is complete is kept`,
          );
        }
        const expected = sha256 ?? gitBlob;
        const found = hash.digest("hex");
        if (expected !== undefined && found !== expected) {
          throw new HubError(
            `Expected ${path} with the hash ${expected} but what came has ${found}; try again`,
          );
        }
      },
    });
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (cause?.code !== "ENOSPC") throw error;
    throw new HubError(`The disk is full: no room for ${target} of ${size} bytes`, { cause });
  }
}
