import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { OutputError } from "./output-error.js";

/** Makes a folder with those above it, unless it is there. Throws an `OutputError` naming it and the reason. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeWithParents(path);
  } catch (error) {
    throw new OutputError(path, error);
  }
}

/** Node's own `recursive` never ends where a folder that is there takes none, such as /proc. */
async function makeWithParents(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path) throw error;
    const parentThere = await stat(parent).then(
      () => true,
      () => false,
    );
    if (parentThere) throw error;
    await makeWithParents(parent);
    await makeWithParents(path);
  }
}
