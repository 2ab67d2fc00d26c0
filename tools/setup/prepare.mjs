// Brings a fresh clone to the point where everything runs: Debian packages, npm packages, the build.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { missingPackages } from "../../packages/kernels-cpu/scripts/missing-packages.mjs";
import { root, step } from "./steps.mjs";

const { packageManager } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
export const pnpm = ["npx", "--yes", packageManager];
/** turbo looks for pnpm on the path, where a fresh machine has none: through npx it finds this one. */
export const turbo = [...pnpm, "exec", "turbo"];

async function installDebianPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (spawnSync("apt-get", ["--version"]).error) {
    throw new Error(
      `The CPU backend is built with what Debian 12 calls ${missing.join(" ")}; install these and try again`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      `The CPU backend needs Debian packages: sudo apt-get install -y ${missing.join(" ")}`,
    );
  }
  await step("look up Debian packages", ["apt-get", "update"]);
  await step(`install ${missing.join(" ")}`, [
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "install",
    "-y",
    "--no-install-recommends",
    ...missing,
  ]);
}

/** A hash of everything that decides what is installed. */
async function dependencyStamp() {
  const hash = createHash("sha256");
  for (const file of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"]) {
    hash.update(await readFile(join(root, file)));
  }
  for (const floor of ["packages", "apps"]) {
    for (const name of (await readdir(join(root, floor))).sort()) {
      hash.update(await readFile(join(root, floor, name, "package.json")).catch(() => ""));
    }
  }
  hash.update(await readFile(join(root, "bench/package.json")));
  return hash.digest("hex");
}

/** Installs what package.json and the lock file name; quick when they have not changed. */
export async function installNpmPackages() {
  const stampFile = join(root, "node_modules/.paroattn-installed");
  const stamp = await dependencyStamp();
  if ((await readFile(stampFile, "utf8").catch(() => "")) === stamp) return;
  await step("install npm packages", [...pnpm, "install", "--frozen-lockfile"]);
  await writeFile(stampFile, stamp);
}

/**
 * Installs what is missing and builds; quick when nothing changed.
 *
 * @param {string} [name] build this package and what it depends on; default: everything
 */
export async function prepare(name) {
  await installDebianPackages();
  await installNpmPackages();
  const filter = name === undefined ? [] : [`--filter=${name}...`];
  await step("build", [...turbo, "run", "build", ...filter, "--output-logs=errors-only"]);
  // The build's own words are shown only where it fails.
  if (name === undefined && spawnSync("nvcc", ["--version"], { stdio: "ignore" }).error) {
    process.stderr.write(
      "  no nvcc on the path: the CUDA addon is not built, its tests are emulated\n",
    );
  }
}
