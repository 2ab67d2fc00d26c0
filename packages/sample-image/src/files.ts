import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SampleImageError } from "./errors.js";
import { type PromptSetName, scenes } from "./scenes.js";

// One folder above this file lies the package, for src/files.ts and for dist/index.js alike.
const inPackage = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The trained checkpoint, a folder in diffusers' format; an absolute path. */
export const checkpointFolder: string = inPackage("checkpoint");

/**
 * The guidance at which the checkpoint draws best: chosen on random captions outside all prompt sets. The pipeline's
 * default, 4.5, which suits the published PixArt checkpoints, leaves more specks around the objects here.
 */
export const recommendedGuidance = 3;

/** The checkpoint's attention plan; an absolute path. */
export const planFile: string = inPackage("plan.safetensors");

/**
 * The captions of one of the prompt sets. The two held-out sets show combinations that training never rendered;
 * the calibration set is disjoint from both.
 *
 * @throws SampleImageError if the file cannot be read.
 */
export async function readPrompts(name: PromptSetName): Promise<string[]> {
  if (!Object.hasOwn(scenes.prompts, name)) {
    const known = Object.keys(scenes.prompts).sort().join(", ");
    throw new SampleImageError(`Expected prompts of ${known} but found "${name}"`);
  }
  const path = inPackage(scenes.prompts[name]);
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new SampleImageError(`Expected prompts in ${path} but found ${cause.message}`, { cause });
  });
  return text.split("\n").filter((line) => line !== "");
}
