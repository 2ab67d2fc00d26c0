import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CpuBackendError } from "../src/index.js";
import { explainLoadError } from "../src/load/explain.js";
import { loadNative } from "../src/load/load-native.js";
import { probe } from "../src/load/probe.js";
import { ProbeMemory } from "../src/load/probe-memory.js";

const real = join(import.meta.dirname, "../build/Release/paroattn_cpu.node");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "paroattn-"));
  mkdirSync(join(folder, "addon"));
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  vi.stubEnv("PAROATTN_CPU_TARGET", undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Compiles a library that does something as soon as it is loaded. */
function library(name: string, onLoad: string, flags: readonly string[] = []): string {
  const file = join(folder, "addon", name);
  const source = `#include <csignal>
#include <unistd.h>
__attribute__((constructor)) void onLoad() { ${onLoad} }`;
  const args = ["-x", "c++", "-", "-x", "none", "-shared", "-fPIC", "-o", file, ...flags];
  const { status, stderr } = spawnSync("g++", args, { input: source, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return file;
}

describe("an addon for another machine", () => {
  it.each([
    ["SIGILL", "__builtin_trap();", /uses an instruction that this processor lacks \(SIGILL on /],
    ["SIGSEGV", "raise(SIGSEGV);", /crashed when it was tried in a process of its own \(SIGSEGV\)/],
    ["an exit", "_exit(3);", /ended the process that tried it, with exit code 3/],
  ])("that would end the process by %s is one sentence of an error", (_, onLoad, sentence) => {
    vi.stubEnv("PAROATTN_CPU_ADDON", library("bad.node", onLoad));
    let error: unknown;
    try {
      loadNative();
    } catch (thrown) {
      error = thrown;
    }
    expect(CpuBackendError.isInstance(error)).toBe(true);
    const attempts = String(error)
      .split("\n")
      .filter((line) => line.includes("bad.node"));
    expect(attempts).toHaveLength(1);
    expect(attempts[0]).toMatch(sentence);
  });

  it("that needs a library which is not there names it", () => {
    const needed = library("libneeded.so", "");
    const file = library("bad.node", "", ["-Wl,--no-as-needed", needed]);
    rmSync(needed);
    expect(probe(file)).toBe(`needs the library ${needed}, which this machine lacks`);
  });

  it.each([
    [
      "libgomp.so.1: cannot open shared object file: No such file or directory",
      "needs the library libgomp.so.1, which this machine lacks (Debian: apt-get install libgomp1)",
    ],
    [
      "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /x/libdnnl.so.2)",
      "needs glibc 2.34 or later",
    ],
    [
      "/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /x/paroattn_cpu.node)",
      "needs a libstdc++ with GLIBCXX_3.4.30, which is newer than this machine's",
    ],
  ])("is explained: %s", (message, sentence) => {
    expect(explainLoadError(message)).toBe(sentence);
  });

  it("that is no addon of ours is refused without loading it here", () => {
    expect(probe(library("other.node", ""))).toMatch(/Module did not self-register|Cannot find/);
  });
});

describe("what worked", () => {
  it("is remembered, and not tried again", () => {
    expect(new ProbeMemory(real, "").worked).toBe(false);
    expect(probe(real)).toBeUndefined();
    expect(new ProbeMemory(real, "").worked).toBe(true);

    const bad = library("bad.node", "__builtin_trap();");
    expect(probe(bad)).toMatch(/SIGILL/);
    new ProbeMemory(bad, "").rememberThatItWorks();
    expect(probe(bad)).toBeUndefined();
  });

  it("is tried again when it, a library beside it or the target changes", () => {
    const file = join(folder, "addon", "a.node");
    writeFileSync(file, "one build");
    new ProbeMemory(file, "").rememberThatItWorks();
    expect(new ProbeMemory(file, "").worked).toBe(true);
    expect(new ProbeMemory(file, "avx2").worked).toBe(false);

    writeFileSync(join(folder, "addon", "libdnnl.so.2"), "");
    expect(new ProbeMemory(file, "").worked).toBe(false);
    new ProbeMemory(file, "").rememberThatItWorks();
    expect(new ProbeMemory(file, "").worked).toBe(true);

    appendFileSync(file, "another build");
    expect(new ProbeMemory(file, "").worked).toBe(false);
  });

  it("is loaded even where nothing can be remembered", () => {
    writeFileSync(join(folder, "cache"), "a file where the folder should be");
    expect(probe(real)).toBeUndefined();
    expect(new ProbeMemory(real, "").worked).toBe(false);
  });

  it.skipIf(process.platform !== "linux")("is loaded even where a folder takes none", () => {
    vi.stubEnv("XDG_CACHE_HOME", "/proc");
    expect(probe(real)).toBeUndefined();
    expect(new ProbeMemory(real, "").worked).toBe(false);
  });
});
