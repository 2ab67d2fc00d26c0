import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";

const packageFolder = join(import.meta.dirname, "..");
const vitest = join(
  createRequire(import.meta.url).resolve("vitest/package.json"),
  "..",
  "vitest.mjs",
);

/** Runs one of this package's test files in a process of its own, with variables of its own. */
export function runTests(
  file: string,
  environment: Readonly<Record<string, string>>,
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [vitest, "run", join(packageFolder, file)], {
    cwd: join(packageFolder, "..", ".."),
    encoding: "utf8",
    env: { ...process.env, ...environment, NO_COLOR: "1" },
  });
}
