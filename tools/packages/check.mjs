// Whether what this repository publishes can be installed and used by somebody who has nothing of it.
// Part of `npm test`; `npm run packages` runs it alone.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { root, step, task } from "../setup/steps.mjs";
import { alongProblems, writeAlong } from "./along.mjs";
import { browserProblems } from "./browser.mjs";
import { packAll } from "./pack.mjs";
import { platformProblems } from "./platform.mjs";
import { serveTarballs } from "./registry.mjs";
import { rehearse } from "./rehearse.mjs";
import { skeletonProblems } from "./skeleton.mjs";
import { installTarball, installTarballs, walk } from "./stranger.mjs";
import { typeProblems } from "./types.mjs";
import { publishedPackages } from "./workspace.mjs";

const bin = (name) => join(root, "node_modules/.bin", name);

/** Fails with one line a problem. */
function refuse(problems) {
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** Works through a list with two at a time. */
async function inPairs(list, work) {
  const waiting = [...list];
  const worker = async () => {
    while (waiting.length > 0) await work(waiting.shift());
  };
  await Promise.all([worker(), worker()]);
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

/** Whoever passes on machine code passes on the notices of those whose code is in it. */
function noticeProblems(tarballs) {
  return [...tarballs]
    .filter(([, { contents }]) => contents.some((path) => /\.(node|so|dylib)(\.|$)/.test(path)))
    .filter(([, { contents }]) => !contents.includes("THIRD_PARTY_NOTICES.md"))
    .map(([name]) => `${name}: native code without THIRD_PARTY_NOTICES.md`);
}

/** Installs every package alone, runs its examples, and holds what it says against what is there. */
async function walkAll(published, tarballs, write) {
  const registry = await serveTarballs(tarballs);
  const walked = [];
  try {
    for (const one of published) {
      const { name, folder } = one;
      const result = await task(`install ${name} and run its examples`, () =>
        walk(one, { registry: registry.url }),
      );
      walked.push({ name, ...result });
      for (const note of result.notes) process.stderr.write(`    ${note}\n`);
      const { installed, problems } = result;
      if (installed.length === 0) continue;
      if (write) await writeAlong({ name, folder, installed });
      else {
        const readme = await readFile(join(folder, "README.md"), "utf8");
        problems.push(...alongProblems({ readme, installed }));
      }
    }
    refuse(walked.flatMap(({ name, problems }) => problems.map((one) => `${name}: ${one}`)));
    await task("install the CPU addon by hand", async () =>
      refuse(await platformProblems({ registry: registry.url })),
    );
    await task("types of the examples", async () => refuse(await typeProblems(walked)));
  } finally {
    registry.close();
    for (const { project } of walked) await project.remove();
  }
}

/** The shortest path there is: one tarball without dependencies, in Node and in a browser. */
async function checkReorder(file) {
  const name = "@paroattn/reorder";
  const { project, problems } = await installTarball(file, name);
  try {
    refuse(problems);
    const { problems: inBrowser, note } = await browserProblems(project, name, 1);
    process.stderr.write(`    in Node${note === undefined ? "" : `; ${note}`}\n`);
    refuse(inBrowser);
  } finally {
    await project.remove();
  }
}

/** What holds of the sources: it needs no build. */
async function checkSources(published) {
  await task("files and fields", async () =>
    refuse((await Promise.all(published.map(skeletonProblems))).flat()),
  );
  await step("sherif", [bin("sherif")]);
  await step("knip", [bin("knip"), "--no-config-hints", "--no-progress"]);
}

/** What holds of the tarballs, as somebody else gets them. */
async function checkTarballs(published, write) {
  await step("size-limit", [bin("size-limit")]);
  const tarballs = await packAll();
  await task("publint", async () => {
    const problems = await Promise.all(
      published.map(({ name }) => publintProblems(name, tarballs.get(name).file)),
    );
    refuse(problems.flat());
  });
  await task("third-party notices", async () => refuse(noticeProblems(tarballs)));
  const typed = published.filter(({ platform }) => !platform);
  const attw = async ({ name }) =>
    step(`attw ${name}`, [bin("attw"), tarballs.get(name).file, "--profile", "esm-only"]);
  await inPairs(typed, attw);
  await walkAll(typed, tarballs, write);
  await task("install all tarballs", () => installTarballs(typed, tarballs));
  await task("install the tarball of reorder and run its first example", () =>
    checkReorder(tarballs.get("@paroattn/reorder").file),
  );
  await task("rehearse a release", () => rehearse(tarballs));
}

/** @param {{ write?: boolean }} [options] write: bring the READMEs up to date instead of checking them */
export async function checkPackages({ write = false } = {}) {
  const published = await publishedPackages();
  if (!write) await checkSources(published);
  await checkTarballs(published, write);
}
