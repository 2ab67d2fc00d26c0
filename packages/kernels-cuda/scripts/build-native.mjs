// Builds the addon: for the emulator into build/emulated (the tests' own, g++ only), and with nvcc into build/, where there
// is one. Quick when nothing changed.
// Usage: node scripts/build-native.mjs [--emulated | --cuda] [--target NAME]...
//   PAROATTN_CUDA_ARCHITECTURES: what nvcc compiles for, as CMake names it. Default: 90a-real.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const targets = process.argv.flatMap((value, at) =>
  value === "--target" ? [process.argv[at + 1]] : [],
);
const only = ["--emulated", "--cuda"].find((option) => process.argv.includes(option));

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
  process.stderr.write(`@paroattn/kernels-cuda: ${message}\n`);
  process.exit(1);
}

/** Whether the folder was configured for exactly this; configuring again costs half a second. */
function isConfigured(folder, options) {
  const cache = join(folder, "CMakeCache.txt");
  // A configuration that failed leaves a cache, but no Makefile.
  if (!existsSync(cache) || !existsSync(join(folder, "Makefile"))) return false;
  const text = readFileSync(cache, "utf8");
  return options.every(
    ([name, value]) => new RegExp(`^${name}:[A-Z]+=(.*)$`, "m").exec(text)?.[1] === value,
  );
}

function build(folder, options, jobs) {
  // One at a time: several test files, in processes of their own, build what they need.
  mkdirSync(folder, { recursive: true });
  const alone = (...args) => run("flock", [join(folder, "build.lock"), "cmake", ...args]);
  if (!isConfigured(folder, options)) {
    const flags = options.map(([name, value]) => `-D${name}=${value}`);
    alone("-S", "native", "-B", folder, ...flags);
  }
  const names = targets.length > 0 ? targets : ["paroattn_cuda"];
  alone("--build", folder, "--parallel", String(jobs), "--target", ...names);
}

const common = [
  ["CMAKE_BUILD_TYPE", "Release"],
  ["PAROATTN_NODE_INCLUDES", includeFolders().join(";")],
];
if (only !== "--cuda") {
  const jobs = Math.min(2, availableParallelism());
  build(join(packageFolder, "build", "emulated"), [...common, ["PAROATTN_EMULATED", "ON"]], jobs);
}
if (only !== "--emulated") {
  if (spawnSync("nvcc", ["--version"], { stdio: "ignore" }).error) {
    process.stderr.write(
      "@paroattn/kernels-cuda: no nvcc on the path, so the CUDA addon is not built (tests use the emulated one)\n",
    );
  } else {
    const architectures = process.env.PAROATTN_CUDA_ARCHITECTURES ?? "90a-real";
    const options = [...common, ["CMAKE_CUDA_ARCHITECTURES", architectures]];
    build(join(packageFolder, "build"), options, availableParallelism());
  }
}
