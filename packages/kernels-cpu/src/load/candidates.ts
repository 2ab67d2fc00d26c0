import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ownPackage } from "./own-package.js";

const require = createRequire(import.meta.url);
const ADDON = "paroattn_cpu.node";

/** A place where the addon may be: a file that is there, or why it is not. */
export type Candidate =
  | { readonly file: string }
  | { readonly place: string; readonly problem: string };

/** "linux-x64" and so on, as the platform packages are named. */
export const platform = `${process.platform}-${process.arch}`;
export const platformPackage = `@paroattn/kernels-cpu-${platform}`;

/**
 * Where to look, in order: the local build, then the platform package that was installed along. `PAROATTN_CPU_ADDON` names
 * a file instead of both.
 */
export function candidates(): readonly Candidate[] {
  const chosen = process.env.PAROATTN_CPU_ADDON;
  if (chosen) return [fileAt(chosen)];
  const { folder, platformPackages } = ownPackage();
  return [
    fileAt(join(folder, "build", "Release", ADDON)),
    inPlatformPackage(platformPackages[platformPackage]),
  ];
}

function fileAt(file: string): Candidate {
  return existsSync(file) ? { file } : { place: file, problem: "no such file" };
}

/** @param version the one that belongs to this package; undefined where there is none for this platform */
function inPlatformPackage(version: string | undefined): Candidate {
  const place = platformPackage;
  if (version === undefined) return { place, problem: "there is no such package" };
  // In this package's own repository the two are side by side; what was packed there last would hide a build that failed.
  if (version.startsWith("workspace:")) return { place, problem: "not used in the repository" };
  let manifest: string;
  try {
    manifest = require.resolve(`${platformPackage}/package.json`);
  } catch {
    return { place, problem: "not installed" };
  }
  const { version: found } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  if (found !== version) {
    return { place, problem: `expected version ${version} but found ${found}` };
  }
  return fileAt(join(dirname(manifest), ADDON));
}
