import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface OwnPackage {
  readonly folder: string;
  /** Packages that hold the addon, one a platform, with the exact version that belongs to this one. */
  readonly platformPackages: Readonly<Record<string, string>>;
}

/** This package as it is installed: the nearest folder above this file (in src/ or dist/) with a package.json. */
export function ownPackage(): OwnPackage {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) {
      const { optionalDependencies = {} } = JSON.parse(readFileSync(manifest, "utf8")) as {
        optionalDependencies?: Record<string, string>;
      };
      return { folder, platformPackages: optionalDependencies };
    }
    if (folder === dirname(folder)) return { folder: start, platformPackages: {} };
  }
}
