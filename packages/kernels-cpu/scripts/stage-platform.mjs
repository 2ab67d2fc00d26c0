// Fills this machine's package in platforms/ with what `npm publish` sends: the addon, the shared libraries it needs that a
// machine may lack, and their notices. Run by `npm run pack`, after the build.
// Usage: node scripts/stage-platform.mjs
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sharedLibraries } from "./shared-libraries.mjs";
import { writeNotices } from "./third-party-notices.mjs";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const platform = `${process.platform}-${process.arch}`;
const folder = join(packageFolder, "platforms", platform);
const addon = join(packageFolder, "build/Release/paroattn_cpu.node");

/** By the start of their names. The rest of what the addon needs belongs to every machine with glibc and Node. */
const carried = ["libdnnl.", "libhwy.", "libgomp.", "libOpenCL."];
const assumed = [
  "linux-vdso.",
  "ld-linux",
  "libc.",
  "libm.",
  "libstdc++.",
  "libgcc_s.",
  "libpthread.",
];

const startsWithOneOf = (name, starts) => starts.some((start) => name.startsWith(start));

function fail(message) {
  process.stderr.write(`@paroattn/kernels-cpu: ${message}\n`);
  process.exit(1);
}

/** Copies without what only a debugger or a linker needs. */
function copyStripped(from, to) {
  copyFileSync(from, to);
  chmodSync(to, 0o755);
  const { status, stderr, error } = spawnSync("strip", ["--strip-unneeded", to], {
    encoding: "utf8",
  });
  if (status !== 0) fail(`strip ${basename(to)} failed: ${error?.message ?? stderr}`);
}

function clear() {
  for (const name of readdirSync(folder)) {
    if (/\.node$|\.so\.|^THIRD_PARTY_NOTICES\.md$/.test(name)) rmSync(join(folder, name));
  }
}

if (process.platform !== "linux" || !existsSync(folder)) {
  fail(`expected a Linux with a folder in platforms/ but found ${platform}`);
}
if (!existsSync(addon)) fail(`expected the addon at ${addon} but found nothing; build it first`);
clear();

const libraries = sharedLibraries(addon);
const unknown = libraries.filter(({ name }) => !startsWithOneOf(name, [...carried, ...assumed]));
if (unknown.length > 0) {
  const names = unknown.map(({ name }) => name).join(", ");
  fail(
    `the addon needs ${names}: say in ${basename(import.meta.url)} whether it is carried or assumed`,
  );
}
const taken = libraries.filter(({ name }) => startsWithOneOf(name, carried));
for (const { name, path } of taken) {
  if (path === undefined) fail(`expected ${name} on this machine but found none`);
  copyStripped(realpathSync(path), join(folder, name));
}
copyStripped(addon, join(folder, basename(addon)));
writeNotices({ file: join(folder, "THIRD_PARTY_NOTICES.md"), libraries: taken });

for (const { name, path } of sharedLibraries(join(folder, basename(addon)))) {
  if (startsWithOneOf(name, carried) && (path === undefined || dirname(path) !== folder)) {
    fail(`the copy of the addon finds ${name} at ${path ?? "no place"} instead of beside itself`);
  }
}
