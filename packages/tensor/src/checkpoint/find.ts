import { readdir } from "node:fs/promises";
import { quote, SafetensorsError } from "../errors.js";

export interface CheckpointFile {
  readonly file: string;
  /** Whether `file` is the index of a sharded checkpoint. */
  readonly sharded: boolean;
}

/**
 * Which file of a folder holds (or lists) the weights: `<base>.safetensors`, else `<base>.safetensors.index.json`;
 * the names with a variant ("fp16") only if that variant is asked for, or nothing else is there.
 *
 * @throws SafetensorsError if there is none, or several variants to choose from.
 */
export async function findCheckpoint(options: {
  readonly folder: string;
  readonly baseName: string;
  readonly variant?: string;
}): Promise<CheckpointFile> {
  const { folder, baseName, variant } = options;
  const entries = await readdir(folder).catch((cause: Error) => {
    throw new SafetensorsError({ expected: "a checkpoint folder", found: cause.message, cause });
  });
  const candidates = new Map<string, CheckpointFile>(); // by variant, "" for none
  for (const file of entries.sort()) {
    const name = parseName(file, baseName);
    if (name === undefined) continue;
    const known = candidates.get(name.variant);
    if (known === undefined || known.sharded) candidates.set(name.variant, { file, ...name });
  }
  const chosen = variant ?? (candidates.size === 1 ? [...candidates.keys()][0]! : "");
  const found = candidates.get(chosen);
  if (found !== undefined) return { file: found.file, sharded: found.sharded };
  const suffix = variant === undefined ? "" : `.${variant}`;
  const several = variant === undefined && candidates.size > 1;
  throw new SafetensorsError({
    expected: several
      ? `one variant of ${baseName} to be chosen`
      : `${baseName}${suffix}.safetensors or its index`,
    found: several ? [...candidates.keys()].join(", ") : listing(entries),
  });
}

/** diffusers and transformers put the variant in front of the last suffix, or of a single file's only one. */
function parseName(file: string, baseName: string) {
  if (!file.startsWith(`${baseName}.`)) return undefined;
  const rest = file.slice(baseName.length + 1);
  const single = /^(?:([A-Za-z0-9_]+)\.)?safetensors$/.exec(rest);
  if (single !== null) return { variant: single[1] ?? "", sharded: false };
  const index = /^safetensors\.index\.(?:([A-Za-z0-9_]+)\.)?json$/.exec(rest);
  return index === null ? undefined : { variant: index[1] ?? "", sharded: true };
}

function listing(entries: readonly string[]): string {
  if (entries.length === 0) return "an empty folder";
  const shown = entries.slice(0, 8).map(quote).join(", ");
  return entries.length > 8 ? `${shown} and ${entries.length - 8} more` : shown;
}
