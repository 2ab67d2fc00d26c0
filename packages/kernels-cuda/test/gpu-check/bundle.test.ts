import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeBundle, SIZE_LIMIT } from "../../gpu-check/make-bundle.mjs";
import { EMULATED as emulated } from "../emulated.js";

// What can be checked of the bundle without a GPU and without nvcc: what is in it, that run.sh goes up to the point where the device
// is opened, and that its conformance suite runs (in the emulator). It carries the Node that runs this test, uncompressed.
/** The compressed Node from npm, 24.1 MB; the test does without the download. */
const NODE_BYTES = 24_100_000;
const hasPython = spawnSync("python3", ["--version"]).status === 0;

let scratch: string;
let folder: string;
let files: readonly { readonly path: string; readonly bytes: number }[];

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "paroattn-bundle-"));
  const made = join(scratch, "made");
  ({ files } = await makeBundle(made, { node: process.execPath }));
  // To another place: nothing in it may know where it was made.
  folder = join(scratch, "elsewhere");
  cpSync(made, folder, { recursive: true });
  rmSync(made, { recursive: true });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Result {
  readonly ok: boolean;
  readonly stages: readonly {
    readonly name: string;
    readonly status: string;
    note?: string;
    reason?: string;
  }[];
  readonly conformance?: { readonly passed: number; readonly failed: readonly unknown[] };
}

function runCheck(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const result = join(scratch, name);
  const run = spawnSync("bash", [join(folder, "run.sh"), "--result", result, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    cwd: scratch,
  });
  const json = join(result, "gpu-check.json");
  const found = existsSync(json) ? (JSON.parse(readFileSync(json, "utf8")) as Result) : undefined;
  return { ...run, result: found, folder: result };
}

describe("the bundle", () => {
  it("holds what the other machine needs", () => {
    const paths = files.map(({ path }) => path);
    for (const path of [
      "run.sh",
      "node.tar",
      "README.md",
      "native/CMakeLists.txt",
      "native/cmake/keep_log.sh",
      "native/kernels/attention/attention.h",
      "native/c_api/c_api.h",
      "include/node-api/node_api.h",
      "include/node-addon-api/napi.h",
      "js/conformance.mjs",
      "js/resources.mjs",
      "python/check.py",
      "python/benchmarks.py",
    ]) {
      expect(paths).toContain(path);
    }
    expect(paths.filter((path) => /node_modules|__pycache__|\.o$|\.node$/.test(path))).toEqual([]);
    const { commit } = JSON.parse(readFileSync(join(folder, "bundle.json"), "utf8"));
    expect(commit === null || /^[0-9a-f]{40}$/.test(commit)).toBe(true);
  });

  it("keeps a build that is there only where it is asked to", { timeout: 60_000 }, async () => {
    const made = join(scratch, "twice");
    for (const [keepBuild, found] of [
      [true, true],
      [false, false],
    ] as const) {
      mkdirSync(join(made, "build"), { recursive: true });
      writeFileSync(join(made, "build/left"), "");
      const { files } = await makeBundle(made, { node: process.execPath, keepBuild });
      expect(existsSync(join(made, "build/left"))).toBe(found);
      expect(files.some(({ path }) => path.startsWith("build"))).toBe(false);
    }
    rmSync(made, { recursive: true });
  });

  it("is small enough", () => {
    const sources = files
      .filter(({ path }) => path !== "node.tar")
      .reduce((sum, { bytes }) => sum + bytes, 0);
    expect(sources).toBeGreaterThan(100_000);
    expect(sources + NODE_BYTES).toBeLessThan(SIZE_LIMIT);
  });

  it("keeps run.sh executable by bash alone", () => {
    expect(spawnSync("bash", ["-n", join(folder, "run.sh")]).status).toBe(0);
    expect(statSync(join(folder, "run.sh")).mode & 0o100).not.toBe(0);
  });
});

describe.runIf(hasPython)("run.sh", () => {
  it.skipIf(spawnSync("nvidia-smi", ["-L"]).status === 0)("needs a GPU", () => {
    const { status, stdout, stderr, result } = runCheck("no-gpu", []);
    expect(result?.stages.map(({ name, status }) => [name, status])).toEqual([["facts", "failed"]]);
    expect(stderr.trim().split("\n").at(-1)).toMatch(
      /^facts: failed: Expected nvidia-smi.* but found .*; --without-gpu does what can be done without one \(/,
    );
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });

  it("stops where the device is opened, with one sentence", () => {
    const { status, result } = runCheck(
      "no-driver",
      ["--without-gpu", "--stages", "facts,unpack,conformance,benchmarks", "--addon", emulated],
      // As on a machine without a driver.
      { PAROATTN_EMULATOR_DRIVER: "0" },
    );
    const stages = Object.fromEntries((result?.stages ?? []).map((stage) => [stage.name, stage]));
    expect(stages.facts?.status).toBe("ok");
    expect(stages.unpack).toMatchObject({ status: "ok", note: `Node ${process.version}` });
    expect(stages.conformance?.status).toBe("ok");
    expect(stages.conformance?.note).toBe(
      "stopped at the device: Expected an NVIDIA driver for CUDA 13.0 or later but found none on this machine",
    );
    expect(stages.benchmarks).toMatchObject({
      status: "skipped",
      reason: "asked to leave the GPU alone",
    });
    expect(status).toBe(0);
  });

  it("runs the conformance suite in the Node that it carries", () => {
    const { status, result } = runCheck("conformance", [
      ...["--without-gpu", "--stages", "unpack,conformance", "--addon", emulated],
      ...["--operator", "add", "--operator", "prepareMask", "--seed", "11"],
    ]);
    expect(result?.conformance?.failed).toEqual([]);
    expect(result?.conformance?.passed).toBeGreaterThan(10);
    expect(status).toBe(0);
  });

  it("fails where the conformance suite does", () => {
    const { status, result } = runCheck(
      "faulty",
      [
        ...["--without-gpu", "--stages", "unpack,conformance", "--addon", emulated],
        ...["--operator", "add", "--seed", "11"],
      ],
      { PAROATTN_EMULATOR_FAIL: "kernel paroattn" },
    );
    expect(result?.ok).toBe(false);
    expect(result?.conformance?.failed.length).toBeGreaterThan(0);
    expect(status).toBe(1);
  });

  it("records a stage that fails and goes on", () => {
    const {
      status,
      result,
      folder: where,
    } = runCheck("missing-addon", [
      ...[
        "--without-gpu",
        "--stages",
        "conformance,sanitizer",
        "--build-folder",
        join(scratch, "none"),
      ],
    ]);
    expect(result?.stages.map((stage) => stage.status)).toEqual(["failed", "skipped"]);
    expect(result?.stages[0]?.reason).toContain("Expected paroattn_cuda.node in the build folder");
    expect(readFileSync(join(where, "gpu-check.txt"), "utf8")).toContain("Something went wrong");
    expect(status).toBe(1);
  });

  it("stops a stage that takes too long, with what it has started", () => {
    const { status, result } = runCheck("slow", [
      ...["--without-gpu", "--stages", "unpack,conformance", "--addon", emulated],
      ...["--operator", "attention", "--patience", "0.02"],
    ]);
    const conformance = result?.stages.find(({ name }) => name === "conformance");
    expect(conformance?.status).toBe("timed out");
    expect(status).toBe(1);
  });

  it("refuses stages that it does not have", () => {
    const { status, stderr } = runCheck("unknown", ["--stages", "facts,lunch"]);
    expect(stderr).toContain("but found lunch");
    expect(status).toBe(2);
  });
});
