// The bundle: a folder with everything that a GPU host without Node and without a network needs to build, test and measure.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleJs } from "./bundle-js.mjs";
import { nodeArchive, nodePackage, packNode } from "./node.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const packageFolder = dirname(here);
const root = join(packageFolder, "..", "..");

/** Bytes that the bundle may have. */
export const SIZE_LIMIT = 55_000_000;

/**
 * Makes the bundle anew.
 *
 * @param {string} folder where; what is there is replaced
 * @param {{ node?: string, keepBuild?: boolean }} [options] node: a Node binary to carry, uncompressed, in place of the one
 *   from npm; keepBuild: the build and the Node that run.sh left stay (a second run here is quick with them)
 * @returns {Promise<{ bytes: number, files: { path: string, bytes: number, sha256: string }[] }>}
 * @throws {Error} if it comes out larger than SIZE_LIMIT (with the Node from npm)
 */
export async function makeBundle(folder, { node, keepBuild = false } = {}) {
  const fresh = `${folder}.part`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await cp(join(packageFolder, "native"), join(fresh, "native"), { recursive: true });
  await cp(join(here, "run.sh"), join(fresh, "run.sh"));
  await cp(join(here, "README.md"), join(fresh, "README.md"));
  await cp(join(here, "python"), join(fresh, "python"), {
    recursive: true,
    filter: (source) => basename(source) !== "__pycache__",
  });
  await cp(join(packageFolder, "LICENSE"), join(fresh, "LICENSE"));
  await copyNodeHeaders(join(fresh, "include"));
  await bundleJs(
    {
      conformance: join(here, "conformance/main.ts"),
      resources: join(packageFolder, "scripts/resources/main.mjs"),
    },
    join(fresh, "js"),
  );
  if (node === undefined) {
    const archive = await nodeArchive(join(root, ".cache", "gpu-check"));
    await cp(archive, join(fresh, "node.tar.xz"));
  } else {
    await packNode(node, { archive: join(fresh, "node.tar") });
  }
  const files = await listFiles(fresh);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (node === undefined && bytes > SIZE_LIMIT) {
    throw new Error(`Expected a bundle of at most ${SIZE_LIMIT} bytes but found ${bytes}`);
  }
  const description = { ...commit(), made: new Date().toISOString(), node: nodePackage.version };
  await writeFile(
    join(fresh, "bundle.json"),
    `${JSON.stringify({ ...description, bytes, files }, undefined, 1)}\n`,
  );
  if (keepBuild) {
    await keepTimes(folder, fresh, files);
    await moveBuild(folder, fresh);
  }
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  return { bytes, files };
}

async function copyNodeHeaders(folder) {
  const require = createRequire(import.meta.url);
  await cp(require("node-api-headers").include_dir, join(folder, "node-api"), { recursive: true });
  const wrapper = dirname(require.resolve("node-addon-api/package.json"));
  await mkdir(join(folder, "node-addon-api"));
  for (const name of await readdir(wrapper)) {
    if (/\.h$|^LICENSE/.test(name)) {
      await cp(join(wrapper, name), join(folder, "node-addon-api", name));
    }
  }
}

/** A file that is as it was keeps its time, so that a build that is there already compiles only what has changed. */
async function keepTimes(old, fresh, files) {
  for (const { path, sha256 } of files.filter((file) => file.path.startsWith("native"))) {
    const content = await readFile(join(old, path)).catch(() => undefined);
    if (content === undefined) continue;
    if (createHash("sha256").update(content).digest("hex") !== sha256) continue;
    const { atime, mtime } = await stat(join(old, path));
    await utimes(join(fresh, path), atime, mtime);
  }
}

async function moveBuild(old, fresh) {
  for (const name of ["build", "node"]) {
    if (await stat(join(old, name)).catch(() => undefined)) {
      await rename(join(old, name), join(fresh, name));
    }
  }
}

async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path);
    const sha256 = createHash("sha256").update(content).digest("hex");
    files.push({ path: relative(folder, path), bytes: content.length, sha256 });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What the sources are, as far as git knows. */
function commit() {
  const git = (...args) => spawnSync("git", args, { cwd: root, encoding: "utf8" });
  const head = git("rev-parse", "HEAD");
  if (head.status !== 0) return { commit: null, uncommitted_changes: null };
  const changes = git("status", "--porcelain", "--", "packages/kernels-cuda", "packages/backend");
  return { commit: head.stdout.trim(), uncommitted_changes: changes.stdout.trim() !== "" };
}
