import { mkdir } from "node:fs/promises";
import { OutputError } from "./output-error.js";

/** Makes a folder with those above it, unless it is there. Throws an `OutputError` naming it and the reason. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error) => {
    throw new OutputError(path, error);
  });
}
