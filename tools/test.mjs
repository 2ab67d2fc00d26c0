// npm test: everything that must hold, on a fresh clone.
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { prepare, turbo } from "./setup/prepare.mjs";
import { main, root, step } from "./setup/steps.mjs";

const bin = (name) => join(root, "node_modules/.bin", name);

await main(async () => {
  await prepare();
  await step("lint", [bin("biome"), "check", "."]);
  await step("floors", [
    bin("depcruise"),
    "--config",
    "dependency-cruiser.config.cjs",
    "packages",
    "apps",
    "tools",
  ]);
  await step("types", [...turbo, "run", "typecheck", "--output-logs=errors-only"]);
  // Who asks for some tests only wants these.
  if (process.argv.length === 2) {
    const { checkPackages } = await import("./packages/check.mjs");
    await checkPackages();
  }
  const report = join(root, ".cache/vitest.json");
  await mkdir(join(root, ".cache"), { recursive: true });
  await rm(report, { force: true });
  let failure;
  try {
    await step(
      "tests",
      [
        bin("vitest"),
        "run",
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${report}`,
        ...process.argv.slice(2),
      ],
      { show: true },
    );
  } catch (error) {
    failure = error;
  }
  const text = await readFile(report, "utf8").catch(() => undefined);
  if (text !== undefined) {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(text);
    process.stdout.write(
      `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped\n`,
    );
  }
  if (failure) throw failure;
});
