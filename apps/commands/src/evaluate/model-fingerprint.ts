import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { hashOf, hashOfFile } from "./hash.js";

/** What a diffusers folder is read from. */
const MODEL_FILES = /\.(json|safetensors|model|txt)$/;

/**
 * A hash over all that a pipeline reads of a model's folder: configurations, tokenizers and weights of every component,
 * by name and content.
 */
export async function fingerprintModel(
  folder: string,
  options: {
    readonly signal: AbortSignal;
    /** From 0 to 1. */
    readonly onProgress: (done: number) => void;
  },
): Promise<string> {
  const names = (await readdir(folder, { recursive: true }))
    .filter((name) => MODEL_FILES.test(name) && !/(^|[\\/])\./.test(name))
    .sort();
  const files: { readonly name: string; readonly size: number }[] = [];
  for (const name of names) {
    const found = await stat(join(folder, name));
    if (found.isFile()) files.push({ name, size: found.size });
  }
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const hashes: (readonly [string, string])[] = [];
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    options.onProgress(done / total);
  };
  for (const { name } of files) {
    const hash = await hashOfFile(join(folder, name), { signal: options.signal, onBytes });
    hashes.push([name, hash]);
  }
  return hashOf(hashes);
}
