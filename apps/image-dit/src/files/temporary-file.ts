import { randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Lets `write` fill a temporary file beside `path`, then renames it to `path`, so that nobody ever meets half a file.
 * Whatever fails, the temporary file is gone; the error names `path`.
 */
export async function writeThroughTemporary(
  path: string,
  write: (temporary: string) => Promise<unknown>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new OutputError(path, error);
  }
}

/** The brand that this project's errors carry: their message is written for people. */
const forPeople: unique symbol = Symbol.for("paroattn.error");

/** A file that could not be written. */
export class OutputError extends Error {
  override readonly name = "OutputError";
  readonly [forPeople] = true;

  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
