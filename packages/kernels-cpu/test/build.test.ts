import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "paroattn-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Configures the native build where cmake looks for packages in `folder` only. */
function configure() {
  const native = join(import.meta.dirname, "../native");
  const here = ["CMAKE_SYSTEM_PATH", "SYSTEM_ENVIRONMENT_PATH", "PACKAGE_REGISTRY"];
  const flags = here.map((name) => `-DCMAKE_FIND_USE_${name}=OFF`);
  // Programs are found by those paths too.
  for (const [name, program] of [
    ["MAKE_PROGRAM", "make"],
    ["CXX_COMPILER", "g++"],
  ]) {
    const { stdout } = spawnSync("which", [program as string], { encoding: "utf8" });
    flags.push(`-DCMAKE_${name}=${stdout.trim()}`);
  }
  const build = ["-S", native, "-B", join(folder, "build"), `-DCMAKE_PREFIX_PATH=${folder}`];
  return spawnSync("cmake", [...build, ...flags], { encoding: "utf8" });
}

describe("the native build", () => {
  it("refuses oneDNN 3, and says what it needs", () => {
    const config = join(folder, "lib/cmake/dnnl");
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, "dnnl-config.cmake"), "add_library(DNNL::dnnl INTERFACE IMPORTED)");
    const version = `set(PACKAGE_VERSION "3.1.0")
if(NOT PACKAGE_FIND_VERSION OR PACKAGE_FIND_VERSION_MAJOR EQUAL 3)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()`;
    writeFileSync(join(config, "dnnl-config-version.cmake"), version);
    const { status, stderr } = configure();
    expect(status).not.toBe(0);
    expect(stderr).toContain("Expected oneDNN 2 (libdnnl-dev of Debian 12) but found 3.1.0");
  });

  it("says so where there is no oneDNN", () => {
    expect(configure().stderr).toContain("but found none");
  });
});
