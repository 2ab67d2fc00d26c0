import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const packageFolder = join(import.meta.dirname, "..");

function run(command: string, args: readonly string[]) {
  return spawnSync(command, args, { cwd: packageFolder, encoding: "utf8" });
}

function build(target: string): void {
  const args = ["scripts/build-native.mjs", "--emulated", "--target", target];
  const { status, stderr } = run(process.execPath, args);
  expect(status, stderr).toBe(0);
}

// Compiling them takes minutes on two cores, the first time.
it("the kernels and the emulator pass their own tests", { timeout: 1_800_000 }, () => {
  build("tests");
  const { status, stdout } = run("ctest", [
    "--test-dir",
    "build/emulated",
    "--output-on-failure",
    "--no-tests=error",
  ]);
  expect(status, stdout).toBe(0);
  expect(stdout).toMatch(/100% tests passed, 0 tests failed out of [1-9]\d*/);
});

// On a GPU they show that it does what the emulator does; here, that they themselves are right.
it("the device tests of gpu:check pass", { timeout: 1_800_000 }, () => {
  build("gpu_check");
  for (const [name, ...args] of [
    ["layout_probe"],
    ["small_problems", "--small"],
    ["graph_capture"],
  ] as const) {
    const program = join(packageFolder, "build/emulated/c_api", `device_${name}`);
    const { status, stdout } = run(program, [...args, "--seed", "7"]);
    expect(status, stdout).toBe(0);
    expect(stdout).toMatch(/[1-9]\d* .*\b0 failures\n$/);
  }
});
