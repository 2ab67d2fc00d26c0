import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "@paroattn/tensor";
import type { z } from "zod";
import { OutputError } from "../files/output-error.js";
import { hashOf } from "./hash.js";
import { type PictureStore, pictureStore } from "./picture-store.js";

const KEY_DIGITS = 32;

/** Finished results in a folder: one JSON file each, and the pictures that they name. */
export interface ResultStore {
  readonly folder: string;
  readonly pictures: PictureStore;
  /** The result for these settings; undefined where there is none, or none that can be read. */
  find<T>(settings: unknown, schema: z.ZodType<T>): Promise<T | undefined>;
  /** Keeps a result, whole or not at all. */
  put(settings: unknown, result: unknown): Promise<void>;
}

/**
 * Opens (makes) a store. A result is found again by everything that decides it, `settings`.
 *
 * @throws OutputError naming the folder where it cannot be made.
 */
export async function openResultStore(folder: string): Promise<ResultStore> {
  const results = join(folder, "results");
  const pictures = join(folder, "pictures");
  for (const path of [results, pictures]) {
    await mkdir(path, { recursive: true }).catch((error) => {
      throw new OutputError(path, error);
    });
  }
  const fileOf = (settings: unknown) =>
    join(results, `${hashOf(settings).slice(0, KEY_DIGITS)}.json`);
  return {
    folder,
    pictures: pictureStore(pictures),
    async find(settings, schema) {
      try {
        const stored = JSON.parse(await readFile(fileOf(settings), "utf8"));
        return schema.parse(stored.result);
      } catch {
        // Absent, or damaged by someone: it is measured again.
        return undefined;
      }
    },
    async put(settings, result) {
      const text = `${JSON.stringify({ settings, result }, null, 2)}\n`;
      await writeFileAtomically(fileOf(settings), { data: text });
    },
  };
}
