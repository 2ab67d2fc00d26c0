// npm run pack: every published package as a tarball in out/packages, as `npm publish` would send it.
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pnpm, prepare } from "../setup/prepare.mjs";
import { main, root, step } from "../setup/steps.mjs";
import { publishedPackages } from "./workspace.mjs";

export const tarballFolder = join(root, "out/packages");

/**
 * Packs all that is published; what was packed before is removed.
 *
 * @returns {Promise<Map<string, { file: string, contents: string[] }>>} tarball and the paths in it, by package name
 */
export async function packAll() {
  await step("gather the CPU addon and its libraries", [
    process.execPath,
    "packages/kernels-cpu/scripts/stage-platform.mjs",
  ]);
  await step("write the notices of the CUDA addon", [
    process.execPath,
    "packages/kernels-cuda/scripts/third-party-notices.mjs",
  ]);
  await mkdir(tarballFolder, { recursive: true });
  for (const file of await readdir(tarballFolder)) {
    if (file.endsWith(".tgz")) await rm(join(tarballFolder, file));
  }
  const published = await publishedPackages();
  const filters = published.map(({ name }) => `--filter=${name}`);
  const output = await step("pack", [
    ...pnpm,
    ...filters,
    "--recursive",
    "pack",
    "--pack-destination",
    tarballFolder,
    "--json",
  ]);
  // npm's warnings about a user's configuration come first.
  const packed = JSON.parse(output.slice(output.search(/^\[/m)));
  const tarballs = new Map(
    packed.map(({ name, filename, files }) => [
      name,
      { file: filename, contents: files.map(({ path }) => path) },
    ]),
  );
  for (const { name } of published) {
    if (!tarballs.has(name)) throw new Error(`pack: expected a tarball of ${name} but found none`);
  }
  return tarballs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await prepare();
    for (const { file } of (await packAll()).values()) process.stdout.write(`${file}\n`);
  });
}
