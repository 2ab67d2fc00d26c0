// npm run release:rehearse: `changeset version` and a dry run of publishing, in a copy. Nothing leaves this machine, and the
// working tree stays as it is.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pnpm, prepare } from "../setup/prepare.mjs";
import { main, root, task } from "../setup/steps.mjs";
import { packAll } from "./pack.mjs";
import { reachingThisMachine, serveTarballs } from "./registry.mjs";
import { publishedPackages } from "./workspace.mjs";

const execute = promisify(execFile);

/** What decides the versions, beside the packages' own folders. */
const rootFiles = ["package.json", "pnpm-workspace.yaml", ".changeset", "tsup.base.ts"];

/** Runs a command in the copy and resolves to what it printed; an error holds all of it. */
async function run(folder, [program, ...args]) {
  try {
    const { stdout } = await execute(program, args, {
      cwd: folder,
      env: reachingThisMachine(process.env),
      maxBuffer: 64e6,
    });
    return stdout;
  } catch (error) {
    throw new Error(`'${[program, ...args].join(" ")}' failed:\n${error.stdout}${error.stderr}`);
  }
}

/** Every workspace package's package.json, private ones too: changesets wants to see them all. */
async function workspaceFolders() {
  const folders = ["bench"];
  for (const parent of ["packages", "apps", "packages/kernels-cpu/platforms"]) {
    for (const entry of await readdir(join(root, parent), { withFileTypes: true })) {
      if (entry.isDirectory()) folders.push(`${parent}/${entry.name}`);
    }
  }
  return folders;
}

/** What `pnpm install` does for packages of the workspace, without everything else that it does. */
async function linkWorkspace(copy, folders) {
  const manifests = new Map();
  for (const folder of folders) {
    const manifest = JSON.parse(await readFile(join(copy, folder, "package.json"), "utf8"));
    manifests.set(manifest.name, { folder, manifest });
  }
  for (const { folder, manifest } of manifests.values()) {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    for (const name of Object.keys({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    })) {
      const target = manifests.get(name);
      if (target === undefined) continue;
      const link = join(copy, folder, "node_modules", name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(relative(dirname(link), join(copy, target.folder)), link);
    }
  }
}

/** A copy of what is published, and of nothing that is not, in a repository of its own. */
async function makeCopy(copy, published, tarballs) {
  for (const file of rootFiles) await cp(join(root, file), join(copy, file), { recursive: true });
  const folders = await workspaceFolders();
  for (const folder of folders) {
    await mkdir(join(copy, folder), { recursive: true });
    await cp(join(root, folder, "package.json"), join(copy, folder, "package.json"));
  }
  for (const { name, folder } of published) {
    for (const path of tarballs.get(name).contents) {
      if (path === "package.json") continue;
      const to = join(copy, relative(root, folder), path);
      await mkdir(dirname(to), { recursive: true });
      await cp(join(folder, path), to);
    }
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  await linkWorkspace(copy, folders);
  // Who rehearses may sign commits or have hooks; neither is for this one.
  const settings = [
    "user.name=rehearsal",
    "user.email=rehearsal@localhost",
    "commit.gpgsign=false",
  ];
  const flags = [...settings, "core.hooksPath=/dev/null"].flatMap((setting) => ["-c", setting]);
  const git = (...args) => run(copy, ["git", ...flags, ...args]);
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "package.json", ".changeset", "packages/*/package.json");
  await git("commit", "--quiet", "--message=Rehearse");
}

/** What `changeset version` has to leave behind. */
async function versionProblems(copy, published) {
  const problems = [];
  const versions = new Map();
  for (const { name, folder } of published) {
    const place = join(copy, relative(root, folder));
    const { version } = JSON.parse(await readFile(join(place, "package.json"), "utf8"));
    versions.set(name, version);
    const changelog = await readFile(join(place, "CHANGELOG.md"), "utf8").catch(() => "");
    if (version !== "0.0.0" && !changelog.includes(`\n## ${version}\n`)) {
      problems.push(`${name}: expected ${version} in its CHANGELOG.md`);
    }
  }
  for (const { name, platform } of published) {
    const expected = versions.get("@paroattn/kernels-cpu");
    if (platform && versions.get(name) !== expected) {
      problems.push(`${name}: expected version ${expected} but found ${versions.get(name)}`);
    }
  }
  const left = (await readdir(join(copy, ".changeset"))).filter((file) => file.endsWith(".md"));
  if (left.length > 0) problems.push(`.changeset: left behind ${left.join(", ")}`);
  return { problems, versions };
}

/**
 * Rehearses a release.
 *
 * @param {Map<string, { file: string, contents: string[] }>} tarballs what {@link packAll} made
 * @returns {Promise<string[]>} what would be published, as name@version
 */
export async function rehearse(tarballs) {
  const published = await publishedPackages();
  const copy = await mkdtemp(join(tmpdir(), "paroattn-release-"));
  const registry = await serveTarballs(new Map());
  try {
    await makeCopy(copy, published, tarballs);
    await writeFile(join(copy, ".npmrc"), `@paroattn:registry=${registry.url}\n`);
    await run(copy, [
      process.execPath,
      join(root, "node_modules/@changesets/cli/bin.js"),
      "version",
    ]);
    const { problems, versions } = await versionProblems(copy, published);
    const filters = published.map(({ name }) => `--filter=${name}`);
    const dryRun = ["--recursive", "publish", "--dry-run", "--no-git-checks", "--report-summary"];
    await run(copy, [...pnpm, ...filters, ...dryRun]);
    const summary = JSON.parse(await readFile(join(copy, "pnpm-publish-summary.json"), "utf8"));
    const sent = summary.publishedPackages.map(({ name, version }) => `${name}@${version}`).sort();
    const expected = [...versions].map(([name, version]) => `${name}@${version}`).sort();
    if (sent.join() !== expected.join()) {
      problems.push(`expected ${expected.join(", ")} to be published but found ${sent.join(", ")}`);
    }
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return sent;
  } finally {
    registry.close();
    await rm(copy, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await prepare();
    const tarballs = await packAll();
    const sent = await task("rehearse a release", () => rehearse(tarballs));
    process.stdout.write(`${sent.join("\n")}\n`);
  });
}
