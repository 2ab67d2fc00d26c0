import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const OURS = [
  "@paroattn/backend",
  "@paroattn/reorder",
  "@paroattn/sparse-masks",
  "@paroattn/tensor",
];

/**
 * Versions of this package and of those it stands on, as installed. Where they are bundled into one file there is
 * nothing to read, and nothing is told.
 */
export async function packageVersions(): Promise<Record<string, string>> {
  const own = fileURLToPath(new URL("../package.json", import.meta.url));
  const versions: Record<string, string> = {};
  const version = await versionIn(own, "@paroattn/attention");
  if (version !== undefined) versions["@paroattn/attention"] = version;
  const require = createRequire(import.meta.url);
  for (const name of OURS) {
    for (const folder of require.resolve.paths(name) ?? []) {
      const version = await versionIn(join(folder, name, "package.json"), name);
      if (version === undefined) continue;
      versions[name] = version;
      break;
    }
  }
  return versions;
}

async function versionIn(file: string, name: string): Promise<string | undefined> {
  try {
    const json: { name?: unknown; version?: unknown } = JSON.parse(await readFile(file, "utf8"));
    return json.name === name && typeof json.version === "string" ? json.version : undefined;
  } catch {
    return undefined;
  }
}
