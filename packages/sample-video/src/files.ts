import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SampleVideoError } from "./errors.js";
import { clipScenes, type PromptSetName } from "./scenes.js";

// One folder above this file lies the package, for src/files.ts and for dist/index.js alike.
const inPackage = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/**
 * The captions of one of the prompt sets. The two held-out sets show combinations that training never rendered;
 * the calibration set is disjoint from both.
 *
 * @throws SampleVideoError if there is no such set or its file cannot be read.
 */
export async function readClipPrompts(name: PromptSetName): Promise<string[]> {
  if (!Object.hasOwn(clipScenes.prompts, name)) {
    const known = Object.keys(clipScenes.prompts).sort().join(", ");
    throw new SampleVideoError(`Expected prompts of ${known} but found "${name}"`);
  }
  const path = inPackage(clipScenes.prompts[name]);
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new SampleVideoError(`Expected prompts in ${path} but found ${cause.message}`, { cause });
  });
  return text.split("\n").filter((line) => line !== "");
}
