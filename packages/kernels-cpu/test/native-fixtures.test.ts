import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { attentionFixtures } from "./native-fixtures/attention.js";
import { writeFixture } from "./native-fixtures/fixture.js";
import { operatorFixtures } from "./native-fixtures/operators.js";

const packageFolder = join(import.meta.dirname, "..");
const program = "build/asan/test/fixtures/test_fixtures";
/** The exit code where the machine lacks the instructions. */
const CANNOT_RUN = 77;

let folder: string;
const files: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "native-fixtures-"));
  const fixtures = { ...(await attentionFixtures()), ...(await operatorFixtures()) };
  for (const [name, fixture] of Object.entries(fixtures)) {
    files.push(join(folder, `${name}.bin`));
    await writeFixture(files.at(-1)!, fixture);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], environment = {}) {
  return spawnSync(command, args, {
    cwd: packageFolder,
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
}

// The first build takes minutes: everything is compiled again with the sanitizers.
beforeAll(() => {
  const target = ["--sanitize", "--target", "test_fixtures"];
  const { status, stderr } = run(process.execPath, ["scripts/build-native.mjs", ...target]);
  expect(status, stderr).toBe(0);
}, 900_000);

it.for(["avx512", "avx2", "scalar"])(
  "the kernels agree with the reference backend under AddressSanitizer and UndefinedBehaviorSanitizer: %s",
  (target, { skip }) => {
    const { status, stdout, stderr } = run(join(packageFolder, program), [target, ...files], {
      ASAN_OPTIONS: "detect_leaks=1",
      UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
    });
    skip(status === CANNOT_RUN, `this machine cannot run ${target}`);
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/[1-9]\d* passed, 0 failed/);
  },
);
