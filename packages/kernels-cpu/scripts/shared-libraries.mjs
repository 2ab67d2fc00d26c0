// Which shared libraries a file needs, with those that they need themselves, and where this machine finds them.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

/**
 * What the dynamic loader says.
 *
 * @param {string} file
 * @returns {{ name: string, path: string | undefined }[]}
 */
export function sharedLibraries(file) {
  const environment = { ...process.env };
  delete environment.LD_LIBRARY_PATH;
  const { status, stdout, stderr, error } = spawnSync("ldd", [file], {
    encoding: "utf8",
    env: environment,
  });
  if (status !== 0) throw new Error(`ldd ${file} failed: ${error?.message ?? stderr}`);
  return stdout
    .split("\n")
    .map((line) => /^\s+(\S+)(?: => (not found|\S+))?/.exec(line))
    .filter((match) => match !== null)
    .map(([, first, path]) => ({
      name: first.slice(first.lastIndexOf("/") + 1),
      path: path === undefined || path === "not found" ? undefined : resolve(path),
    }));
}
