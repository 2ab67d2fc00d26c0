// The files and fields that all packages have alike, so that who knows one knows all.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { root } from "../setup/steps.mjs";

/** A condition of exports that only this workspace has: tests and type checks read sources. */
const SOURCE = "@paroattn/source";
/** Every package names these; CHANGELOG.md is there from the first release on. */
const FILES = ["README.md", "LICENSE", "CHANGELOG.md"];

const alike = {
  license: "Apache-2.0",
  type: "module",
  sideEffects: false,
  engines: { node: ">=20.19" },
};

const read = (path) => readFile(path, "utf8").catch(() => undefined);

/** Exports as they are published: without the condition that points at sources. */
function withoutSources(exports) {
  return Object.fromEntries(
    Object.entries(exports).map(([path, { [SOURCE]: _, ...conditions }]) => [path, conditions]),
  );
}

/** @param {import("./workspace.mjs").PublishedPackage} published */
function manifestProblems({ folder, manifest, platform }) {
  const problems = [];
  const expect = (what, found, expected) => {
    if (!isDeepStrictEqual(found, expected)) {
      problems.push(
        `package.json: expected ${what} to be ${JSON.stringify(expected)} but found ${JSON.stringify(found)}`,
      );
    }
  };
  expect(
    "name",
    manifest.name,
    `@paroattn/${platform ? "kernels-cpu-" : ""}${folder.split("/").at(-1)}`,
  );
  if (!/^\d+\.\d+\.\d+$/.test(manifest.version ?? "")) problems.push("package.json: no version");
  if (!manifest.description) problems.push("package.json: no description");
  expect("publishConfig.access", manifest.publishConfig?.access, "public");
  const scripts = Object.keys(manifest.scripts ?? {});
  for (const name of ["preinstall", "install", "postinstall", "prepare"]) {
    if (scripts.includes(name))
      problems.push(`package.json: no ${name} script may run at a user's`);
  }
  for (const file of FILES) {
    if (!manifest.files?.includes(file)) problems.push(`package.json: files lacks ${file}`);
  }
  if (platform) {
    expect("engines", manifest.engines, alike.engines);
    expect("license", manifest.license, alike.license);
    return problems;
  }
  for (const [name, value] of Object.entries(alike)) expect(name, manifest[name], value);
  if (!manifest.files?.includes("dist")) problems.push("package.json: files lacks dist");
  for (const [path, conditions] of Object.entries(manifest.exports ?? {})) {
    expect(`the conditions of ${path}`, Object.keys(conditions), [SOURCE, "types", "default"]);
  }
  if (!manifest.exports?.["."]) problems.push('package.json: exports lacks "."');
  expect(
    "publishConfig.exports",
    manifest.publishConfig?.exports,
    withoutSources(manifest.exports ?? {}),
  );
  for (const script of ["build", "typecheck"]) {
    if (!scripts.includes(script)) problems.push(`package.json: no ${script} script`);
  }
  for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
    const expected = name.startsWith("@paroattn/") ? "workspace:^" : /^\d/;
    if (typeof expected === "string" ? range !== expected : !expected.test(range)) {
      problems.push(
        `package.json: expected ${name} ${typeof expected === "string" ? `as ${expected}` : "in an exact version"} but found ${range}`,
      );
    }
  }
  return problems;
}

async function readmeProblems({ folder, name, platform }) {
  const readme = await read(join(folder, "README.md"));
  if (readme === undefined) return ["no README.md"];
  const problems = [];
  if (!readme.startsWith(`# ${name}\n`)) problems.push(`README.md: expected "# ${name}" on top`);
  const sections = platform ? [] : ["Install", "What comes along"];
  for (const section of sections) {
    if (!readme.includes(`\n## ${section}\n`)) problems.push(`README.md: no section "${section}"`);
  }
  return problems;
}

async function sourceProblems({ folder }) {
  const problems = [];
  if ((await read(join(folder, "src/index.ts"))) === undefined) problems.push("no src/index.ts");
  const tests = await readdir(join(folder, "test"), { recursive: true }).catch(() => []);
  if (!tests.some((file) => file.endsWith(".test.ts"))) problems.push("no test in test/");
  const tsconfig = JSON.parse((await read(join(folder, "tsconfig.json"))) ?? "{}");
  if (tsconfig.extends !== "../../tsconfig.base.json" || !tsconfig.include?.includes("test")) {
    problems.push("tsconfig.json: expected tsconfig.base.json over src and test");
  }
  if (!/packageOptions\(/.test((await read(join(folder, "tsup.config.ts"))) ?? "")) {
    problems.push("tsup.config.ts: expected packageOptions of tsup.base.ts");
  }
  return problems;
}

/**
 * What one package lacks of the common skeleton, in words; empty where it lacks nothing.
 *
 * @param {import("./workspace.mjs").PublishedPackage} published
 * @returns {Promise<string[]>}
 */
export async function skeletonProblems(published) {
  const problems = manifestProblems(published);
  if ((await read(join(published.folder, "LICENSE"))) !== (await read(join(root, "LICENSE")))) {
    problems.push("LICENSE: expected the one of the repository");
  }
  problems.push(...(await readmeProblems(published)));
  if (!published.platform) problems.push(...(await sourceProblems(published)));
  return problems.map((problem) => `${published.name}: ${problem}`);
}
