// Runs the tests of this package with an addon that is built with AddressSanitizer and UndefinedBehaviorSanitizer.
// Usage: node scripts/sanitize.mjs [VITEST ARGUMENTS]
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const root = join(packageFolder, "..", "..");
const defaultTests = [
  "conformance",
  "lifecycle",
  "packed-weights",
  "stream",
  "processes",
  "long-calls",
].map((name) => `packages/kernels-cpu/test/${name}.test.ts`);

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (status !== 0) {
    process.stderr.write(
      `sanitize: "${command} ${args.join(" ")}" failed${error ? `: ${error.message}` : ""}\n`,
    );
    process.exit(1);
  }
}

/** The compiler's own copy of a runtime library, to be loaded before Node's. */
function runtimeLibrary(name) {
  return spawnSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" }).stdout.trim();
}

run(process.execPath, [join(packageFolder, "scripts/build-native.mjs"), "--sanitize"]);
const tests = process.argv.length > 2 ? process.argv.slice(2) : defaultTests;
run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...tests], {
  cwd: root,
  env: {
    ...process.env,
    PAROATTN_CPU_ADDON: join(packageFolder, "build/asan/Release/paroattn_cpu.node"),
    LD_PRELOAD: [runtimeLibrary("libasan.so"), runtimeLibrary("libubsan.so")].join(" "),
    // Node and V8 leave much behind on purpose; the memory tests look for our leaks.
    ASAN_OPTIONS: "detect_leaks=0:allocator_may_return_null=1",
    UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
  },
});
