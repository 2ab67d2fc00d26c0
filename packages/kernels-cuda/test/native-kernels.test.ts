import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const packageFolder = join(import.meta.dirname, "..");

function run(command: string, args: readonly string[]) {
  return spawnSync(command, args, { cwd: packageFolder, encoding: "utf8" });
}

// Compiling them takes minutes on two cores, the first time.
it("the kernels and the emulator pass their own tests", { timeout: 1_800_000 }, () => {
  const build = run(process.execPath, [
    "scripts/build-native.mjs",
    "--emulated",
    "--target",
    "tests",
  ]);
  expect(build.status, build.stderr).toBe(0);
  const { status, stdout } = run("ctest", [
    "--test-dir",
    "build/emulated",
    "--output-on-failure",
    "--no-tests=error",
  ]);
  expect(status, stdout).toBe(0);
  expect(stdout).toMatch(/100% tests passed, 0 tests failed out of [1-9]\d*/);
});
