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
/** Where a package keeps native addons: a platform package beside its manifest, one that was built here with the build. */
const ADDON_FOLDERS = [".", "build/Release"];

/** This project's packages as installed beside the app whose `import.meta.url` is `module`, those below others too. */
export async function installedSoftware(module: string): Promise<Software> {
  const packages: Record<string, string> = {};
  const hashes: Record<string, readonly string[]> = {};
  const visit = async (names: readonly string[], from: string): Promise<void> => {
    for (const name of names) {
      if (!name.startsWith(SCOPE) || name in packages) continue;
      const entry = resolveFrom(from, name) ?? resolveFrom(from, `${name}/package.json`);
      if (entry === undefined) continue;
      const folder = packageFolder(entry);
      const manifest = join(folder, "package.json");
      const { version, ...dependencies } = await readManifest(manifest);
      packages[name] = version;
      hashes[name] = await Promise.all(
        [entry, ...(await addonsOf(folder))].map((file) => hashOfFile(file)),
      );
      await visit(namesOf(dependencies), manifest);
    }
  };
  const own = fileURLToPath(module);
  const manifest = join(packageFolder(own), "package.json");
  if (existsSync(manifest)) await visit(namesOf(await readManifest(manifest)), manifest);
  // Bundled into one file, it has no packages beside it, and is itself what is run.
  if (Object.keys(hashes).length === 0) hashes.own = [await hashOfFile(own)];
  const sorted = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { node: process.version, packages: sorted(packages), code: hashOf(sorted(hashes)) };
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

async function readManifest(file: string): Promise<Manifest> {
  return JSON.parse(await readFile(file, "utf8"));
}

function namesOf(manifest: Omit<Manifest, "version">): string[] {
  return Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
}

function resolveFrom(file: string, name: string): string | undefined {
  try {
    return createRequire(file).resolve(name);
  } catch {
    // Not built, or for another platform: there is no code to hash.
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
  const files: string[] = [];
  for (const place of ADDON_FOLDERS) {
    const names = await readdir(join(folder, place)).catch(() => []);
    files.push(...names.filter((name) => name.endsWith(".node")).map((name) => join(place, name)));
  }
  return files.sort().map((file) => join(folder, file));
}
