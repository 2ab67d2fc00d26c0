// Whether what this repository publishes can be installed and used by somebody who has nothing of it.
// Part of `npm test`; `npm run packages` runs it alone.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { prepare } from "../setup/prepare.mjs";
import { main, root, step, task } from "../setup/steps.mjs";
import { packAll } from "./pack.mjs";
import { skeletonProblems } from "./skeleton.mjs";
import { publishedPackages } from "./workspace.mjs";

const bin = (name) => join(root, "node_modules/.bin", name);

/** Fails with one line a problem. */
function refuse(problems) {
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** publint, strictly, on what is in the tarball. */
async function publintProblems(name, file) {
  const tarball = await readFile(file);
  const buffer = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length);
  const { messages, pkg } = await publint({
    pack: { tarball: buffer },
    strict: true,
    level: "warning",
  });
  return messages.map((message) => `${name}: ${formatMessage(message, pkg, { color: false })}`);
}

export async function checkPackages() {
  const published = await publishedPackages();
  await task("files and fields", async () =>
    refuse((await Promise.all(published.map(skeletonProblems))).flat()),
  );
  await step("sherif", [bin("sherif")]);
  await step("knip", [bin("knip"), "--no-config-hints", "--no-progress"]);
  await step("size-limit", [bin("size-limit")]);
  const tarballs = await packAll();
  await task("publint", async () => {
    const problems = await Promise.all(
      published.map(({ name }) => publintProblems(name, tarballs.get(name).file)),
    );
    refuse(problems.flat());
  });
  const typed = published.filter(({ platform }) => !platform);
  for (const { name } of typed) {
    await step(`attw ${name}`, [bin("attw"), tarballs.get(name).file, "--profile", "esm-only"]);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await prepare();
    await checkPackages();
  });
}
