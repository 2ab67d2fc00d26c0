import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "@paroattn/tensor";
import type { z } from "zod";
import { makeFolder } from "../files/make-folder.js";
import { type ExactStore, openExactStore } from "./drawing-store.js";
import { hashOf } from "./hash.js";

const KEY_DIGITS = 32;

/** Finished results in a folder: one JSON file each, and the pictures or videos that they name. */
export interface ResultStore {
  readonly folder: string;
  readonly drawings: ExactStore;
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
  await makeFolder(results);
  const drawings = await openExactStore(join(folder, "pictures"));
  const fileOf = (settings: unknown) =>
    join(results, `${hashOf(settings).slice(0, KEY_DIGITS)}.json`);
  return {
    folder,
    drawings,
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
