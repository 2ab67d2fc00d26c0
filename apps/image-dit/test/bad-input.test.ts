import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { commandLines } from "./bad-input/command-lines.js";
import { modelFolders } from "./bad-input/model-folders.js";
import { outputs } from "./bad-input/outputs.js";
import { plans } from "./bad-input/plans.js";
import { prompts } from "./bad-input/prompts.js";
import type { Row } from "./bad-input/row.js";
import { type Outcome, runInChild, runInProcess } from "./bad-input/run.js";
import { createSetting, type Setting } from "./bad-input/setting.js";
import { tokenizers } from "./bad-input/tokenizers.js";
import { weights } from "./bad-input/weights.js";

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  "command lines": commandLines,
  outputs,
  prompts,
  "model folders": modelFolders,
  tokenizers,
  weights,
  plans,
};
const ROWS = Object.values(TABLE).flat();

/** One row in so many is run by the built app too. */
const IN_A_CHILD = 9;
const CHILDREN_AT_ONCE = 2;

let setting: Setting;
/** Where the commands are run, and where what they leave would be. */
let folder: string;
let cache: string;
const home = process.cwd();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "image-dit-bad-input-cwd-"));
  cache = await mkdtemp(join(tmpdir(), "image-dit-bad-input-cache-"));
  vi.stubEnv("XDG_CACHE_HOME", cache);
  vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:9");
  process.chdir(folder);
  setting = await createSetting();
});
afterAll(async () => {
  process.chdir(home);
  await setting?.dispose();
  for (const path of [folder, cache]) await rm(path, { recursive: true, force: true });
});

/** Everything in the two folders, with what a stopped command would leave. */
async function listing(): Promise<string[]> {
  const there = await Promise.all(
    [folder, setting.folder].map((path) => readdir(path, { recursive: true })),
  );
  return there.flat().sort();
}

/** What is wrong for people: lines without commander's hints. */
function told(stderr: string): string[] {
  return stderr
    .split("\n")
    .filter((line) => line !== "" && !/^\((image-dit --help|Did you mean)/.test(line));
}

function check({ code, says }: Row, outcome: Outcome): void {
  const { stdout, stderr } = outcome;
  expect({ code: outcome.code, stderr }).toEqual({ code, stderr });
  if (code !== 0) expect(stdout).toBe("");
  const lines = told(stderr);
  if (code !== 0) expect(lines.length, stderr).toBe(1);
  if (says.length === 0) expect(stderr).toBe("");
  for (const line of lines)
    expect(line).toMatch(code === 2 ? /^(error|image-dit): / : /^image-dit: /);
  for (const pattern of says) expect(stderr).toMatch(pattern);
  expect(stderr).not.toMatch(/unexpected error|^\s+at |\[object/m);
}

describe.each(Object.entries(TABLE))("bad input: %s", (_, rows) => {
  it.each(rows)("$name", async (row) => {
    const args = await row.args(setting);
    const before = await listing();
    check(row, await runInProcess(args));
    if (row.code !== 0) expect(await listing()).toEqual(before);
  });
});

it("has a row of every kind", () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(150);
  const names = ROWS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

it("is met the same way by the built app", async () => {
  const sample = ROWS.filter((_, index) => index % IN_A_CHILD === 0);
  const next = sample.values();
  const outcomes: { readonly row: Row; readonly outcome: Outcome }[] = [];
  await Promise.all(
    Array.from({ length: CHILDREN_AT_ONCE }, async () => {
      for (const row of next) {
        outcomes.push({ row, outcome: await runInChild(await row.args(setting), folder) });
      }
    }),
  );
  for (const { row, outcome } of outcomes) check(row, outcome);
  expect(outcomes).toHaveLength(sample.length);
});
