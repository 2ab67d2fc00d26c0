// Which Debian packages the native build lacks. Looks for the tools and headers themselves, so that other ways of
// installing them count too. Nothing but Node's own modules: tools/setup runs this before any package is installed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const tools = { cmake: "cmake", "g++": "g++", make: "make" };
// oneDNN of Debian finds OpenCL when CMake configures, although we use nothing of it; its package only recommends it.
const headers = {
  "dnnl.hpp": "libdnnl-dev",
  "hwy/highway.h": "libhwy-dev",
  "CL/cl.h": "ocl-icd-opencl-dev",
};

/** Where the compiler looks for headers. */
function includeFolders() {
  const variables = [process.env.CPATH, process.env.CPLUS_INCLUDE_PATH];
  const named = variables.flatMap((variable) => (variable ?? "").split(":"));
  return ["/usr/include", "/usr/local/include", ...named].filter((folder) => folder !== "");
}

/**
 * Names of the Debian 12 packages to install; empty where all is there.
 *
 * @param {{ folders?: readonly string[] }} [options] Include folders to search; default: the compiler's.
 * @returns {string[]}
 */
export function missingPackages({ folders = includeFolders() } = {}) {
  const missing = [];
  for (const [tool, name] of Object.entries(tools)) {
    if (spawnSync(tool, ["--version"], { stdio: "ignore" }).error) missing.push(name);
  }
  for (const [header, name] of Object.entries(headers)) {
    if (!folders.some((folder) => existsSync(join(folder, header)))) missing.push(name);
  }
  return missing;
}
