import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const packageFolder = join(import.meta.dirname, "..");

function run(command: string, args: readonly string[]) {
  return spawnSync(command, args, { cwd: packageFolder, encoding: "utf8" });
}

it("the attention kernels pass their own tests, at every target of the machine", () => {
  const build = run(process.execPath, ["scripts/build-native.mjs", "--target", "test_attention"]);
  expect(build.status, build.stderr).toBe(0);
  const { status, stdout } = run("build/test/attention/test_attention", []);
  expect(status, stdout).toBe(0);
  expect(stdout).toMatch(/[1-9]\d* passed, 0 failed/);
});
