import { constants } from "node:fs";
import { access, mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { App } from "../app.js";
import { OutputError } from "../files/output-error.js";
import { generatorOf } from "./index-page.js";

/**
 * Makes the folder of `--all` ready. An index page that is there goes first: until all pictures are written there is none,
 * so that a folder without one is not done.
 *
 * @throws OutputError where the folder cannot be written to, or holds an index page of something else.
 */
export async function prepareFolder(app: App, folder: string): Promise<void> {
  const index = join(folder, "index.html");
  try {
    // Its parent must be there: in /proc, Node's recursive mkdir never ends.
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    if (!(await stat(folder)).isDirectory()) throw new Error("a file has this name");
    await access(folder, constants.W_OK);
    const old = await readFile(index, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (old === undefined) return;
    if (!old.includes(generatorOf(app))) {
      throw new Error("index.html is there and is not of an inspection; choose another folder");
    }
    await rm(index);
  } catch (error) {
    throw new OutputError(folder, error);
  }
}
