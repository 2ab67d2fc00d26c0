// What this repository publishes, read from the folders themselves.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../setup/steps.mjs";

/**
 * @typedef {object} PublishedPackage
 * @property {string} name
 * @property {string} folder absolute
 * @property {boolean} platform whether it only carries the binaries of one platform
 * @property {Record<string, any>} manifest package.json
 */

async function manifests(folder, platform) {
  const names = await readdir(join(root, folder)).catch(() => []);
  const found = [];
  for (const name of names.sort()) {
    const path = join(root, folder, name);
    const text = await readFile(join(path, "package.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const manifest = JSON.parse(text);
    if (!manifest.private) found.push({ name: manifest.name, folder: path, platform, manifest });
  }
  return found;
}

/**
 * Every package of the workspace that is not private, platform packages last.
 *
 * @returns {Promise<PublishedPackage[]>}
 */
export async function publishedPackages() {
  return [
    ...(await manifests("packages", false)),
    ...(await manifests("packages/kernels-cpu/platforms", true)),
  ];
}
