// What the compiler said in a build folder; native/cmake/keep_log.sh put it beside the objects.
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";

/**
 * @param {string} folder of a CMake build with the CUDA compiler launcher
 * @returns {Promise<{ source: string, text: string }[]>} a translation unit each; logs without their object are left out
 */
export async function collectOutputs(folder) {
  const files = await readdir(folder, { recursive: true });
  // A build inside this one is another's.
  const others = files
    .filter((file) => file.endsWith(`${sep}CMakeCache.txt`))
    .map((file) => dirname(file) + sep);
  const logs = files
    .filter((file) => file.endsWith(".cu.o.log"))
    .filter((file) => !others.some((other) => file.startsWith(other)))
    .sort();
  const outputs = [];
  for (const log of logs) {
    const path = join(folder, log);
    const object = await stat(path.slice(0, -".log".length)).catch(() => undefined);
    if (object === undefined) continue;
    outputs.push({ source: sourceName(log), text: await readFile(path, "utf8") });
  }
  return outputs;
}

/** "x/CMakeFiles/target.dir/kernels/front/front.cu.o.log" -> "kernels/front/front.cu" */
function sourceName(log) {
  return log.replace(/^.*\.dir[/\\]/, "").replace(/\.o\.log$/, "");
}
