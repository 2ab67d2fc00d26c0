import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

// A folder without node_modules above it, as in a fresh clone.
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "paroattn-"));
  const script = join(import.meta.dirname, "../scripts/missing-packages.mjs");
  copyFileSync(script, join(folder, "missing-packages.mjs"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function missing(options: string, path = process.env.PATH): unknown {
  const code = `import { missingPackages } from "./missing-packages.mjs";
    console.log(JSON.stringify(missingPackages(${options})));`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", code],
    { cwd: folder, encoding: "utf8", env: { PATH: path } },
  );
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

it("finds nothing missing on a machine that builds the addon", () => {
  expect(missing("")).toEqual([]);
});

it("names the packages of commands that are not there", () => {
  expect(missing("", folder)).toEqual(["cmake", "g++", "make"]);
});

it("names the packages of headers that are not there, and finds those that no package manager installed", () => {
  const folders = `{ folders: [${JSON.stringify(folder)}] }`;
  expect(missing(folders)).toEqual(["libdnnl-dev", "libhwy-dev", "ocl-icd-opencl-dev"]);
  mkdirSync(join(folder, "hwy"));
  writeFileSync(join(folder, "hwy/highway.h"), "");
  expect(missing(folders)).toEqual(["libdnnl-dev", "ocl-icd-opencl-dev"]);
  writeFileSync(join(folder, "dnnl.hpp"), "");
  expect(missing(folders)).toEqual(["ocl-icd-opencl-dev"]);
  mkdirSync(join(folder, "CL"));
  writeFileSync(join(folder, "CL/cl.h"), "");
  expect(missing(folders)).toEqual([]);
});
