import { randomBytes } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { OutputError } from "./output-error.js";

/**
 * Fails now, rather than after the work, when a file cannot be put there.
 *
 * @throws OutputError naming the path and the reason.
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const existing = await stat(path).catch(() => undefined);
    if (existing?.isDirectory()) throw new Error("a folder has this name");
    // Tried, not asked: a folder that is writable by its permissions may still take no files.
    const trial = `${path}.${randomBytes(6).toString("hex")}.tmp`;
    await (await open(trial, "wx")).close();
    await rm(trial, { force: true });
  } catch (error) {
    throw new OutputError(path, error);
  }
}
