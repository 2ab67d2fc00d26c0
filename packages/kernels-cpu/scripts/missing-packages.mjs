// Which Debian packages the native build lacks. Looks for the tools and headers themselves, so that other ways of
// installing them count too.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const tools = { cmake: "cmake", "g++": "g++", make: "make" };
const headers = { "dnnl.hpp": "libdnnl-dev", "hwy/highway.h": "libhwy-dev" };
const roots = [
  "/usr/include",
  "/usr/local/include",
  ...(process.env.CPLUS_INCLUDE_PATH ?? "").split(":"),
];

/** Names of the Debian packages to install; empty where all is there. */
export function missingPackages() {
  const missing = [];
  for (const [tool, name] of Object.entries(tools)) {
    if (spawnSync(tool, ["--version"], { stdio: "ignore" }).error) missing.push(name);
  }
  for (const [header, name] of Object.entries(headers)) {
    if (!roots.some((root) => root !== "" && existsSync(`${root}/${header}`))) missing.push(name);
  }
  return missing;
}
