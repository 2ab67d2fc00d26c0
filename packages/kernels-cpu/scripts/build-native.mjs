// Builds the addon: cmake over native/, into build/ (or build/asan with --sanitize). Quick when nothing changed.
// Usage: node scripts/build-native.mjs [--sanitize] [--target NAME]...
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { missingPackages } from "./missing-packages.mjs";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const sanitize = process.argv.includes("--sanitize");
const targets = process.argv.flatMap((value, at) =>
  value === "--target" ? [process.argv[at + 1]] : [],
);
const buildFolder = join(packageFolder, "build", ...(sanitize ? ["asan"] : []));

/** The headers of Node-API and its C++ wrapper, from this package's devDependencies. */
function includeFolders() {
  const require = createRequire(import.meta.url);
  const headers = require("node-api-headers").include_dir;
  const wrapper = dirname(require.resolve("node-addon-api/package.json"));
  return [headers, wrapper];
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: packageFolder, encoding: "utf8" });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  fail(
    `"${command} ${args.join(" ")}" ${result.error ? result.error.message : `ended with ${result.status}`}`,
  );
}

function fail(message) {
  process.stderr.write(`@paroattn/kernels-cpu: ${message}\n`);
  process.exit(1);
}

/** Whether build/ was configured for exactly this; configuring again costs half a second. */
function isConfigured(options) {
  const cache = join(buildFolder, "CMakeCache.txt");
  // A configuration that failed leaves a cache, but no Makefile.
  if (!existsSync(cache) || !existsSync(join(buildFolder, "Makefile"))) return false;
  const text = readFileSync(cache, "utf8");
  return options.every(
    ([name, value]) => new RegExp(`^${name}:[A-Z]+=(.*)$`, "m").exec(text)?.[1] === value,
  );
}

const missing = missingPackages();
if (missing.length > 0) {
  fail(
    `building the addon needs packages of Debian 12 that are not installed; run: apt-get install ${missing.join(" ")}`,
  );
}
const options = [
  ["CMAKE_BUILD_TYPE", "Release"],
  ["PAROATTN_SANITIZE", sanitize ? "ON" : "OFF"],
  ["PAROATTN_NODE_INCLUDES", includeFolders().join(";")],
];
if (!isConfigured(options)) {
  const flags = options.map(([name, value]) => `-D${name}=${value}`);
  run("cmake", ["-S", "native", "-B", buildFolder, ...flags]);
}
const names = targets.length > 0 ? targets : ["paroattn_cpu"];
run("cmake", [
  "--build",
  buildFolder,
  "--parallel",
  String(availableParallelism()),
  "--target",
  ...names,
]);
