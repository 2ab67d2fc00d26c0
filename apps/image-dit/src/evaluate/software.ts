import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashOf, hashOfFile } from "./hash.js";

/** The packages that a result stands on. */
export interface Software {
  readonly node: string;
  /** Versions of this project's packages, by name. */
  readonly packages: Readonly<Record<string, string>>;
  /** A hash of the code that was run, because versions stand still while one works on it. */
  readonly code: string;
}

const SCOPE = "@paroattn/";
const ADDONS = "build/Release";

/** This project's packages as installed, those below the app's own dependencies too. */
export async function installedSoftware(): Promise<Software> {
  const packages: Record<string, string> = {};
  const hashes: Record<string, readonly string[]> = {};
  const visit = async (names: readonly string[], from: string): Promise<void> => {
    for (const name of names) {
      if (!name.startsWith(SCOPE) || name in packages) continue;
      const entry = resolveFrom(from, name);
      if (entry === undefined) continue;
      const folder = packageFolder(entry);
      const { version, dependencies = {} }: Manifest = JSON.parse(
        await readFile(join(folder, "package.json"), "utf8"),
      );
      packages[name] = version;
      hashes[name] = await Promise.all(
        [entry, ...(await addonsOf(folder))].map((file) => hashOfFile(file)),
      );
      await visit(Object.keys(dependencies), join(folder, "package.json"));
    }
  };
  const own = fileURLToPath(import.meta.url);
  const manifest = join(packageFolder(own), "package.json");
  hashes.own = [await hashOfFile(own)];
  // Bundled into one file, it has no packages beside it.
  if (existsSync(manifest)) {
    const { dependencies = {} }: Manifest = JSON.parse(await readFile(manifest, "utf8"));
    await visit(Object.keys(dependencies), manifest);
  }
  const sorted = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { node: process.version, packages: sorted(packages), code: hashOf(sorted(hashes)) };
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function resolveFrom(file: string, name: string): string | undefined {
  try {
    return createRequire(file).resolve(name);
  } catch {
    // Not built: there is no code to hash.
    return undefined;
  }
}

/** The nearest folder above a file with a package.json. */
function packageFolder(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) || folder === dirname(folder)) return folder;
  }
}

async function addonsOf(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, ADDONS)).catch(() => []);
  return names
    .filter((name) => name.endsWith(".node"))
    .sort()
    .map((name) => join(folder, ADDONS, name));
}
