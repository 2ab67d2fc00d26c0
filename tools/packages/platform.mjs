// The path of somebody whose npm left the platform package out: an error that says what to do, and doing it helps.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Project } from "./project.mjs";

const name = "@paroattn/kernels-cpu";
const platformName = `${name}-${process.platform}-${process.arch}`;

/** Makes a backend and prints the libraries that came with the addon, or the error. */
const script = `
import { readFileSync } from "node:fs";
import { CpuBackendError, createCpuBackend } from "${name}";
try {
  createCpuBackend({ threads: 1 }).dispose();
  const mapped = readFileSync("/proc/self/maps", "utf8").match(/\\/\\S*\\/(paroattn_cpu\\.node|lib(dnnl|hwy|gomp|OpenCL)\\.so\\S*)/g);
  console.log([...new Set(mapped)].join("\\n"));
} catch (error) {
  if (!CpuBackendError.isInstance(error)) throw error;
  console.log(error.message);
}
`;

/**
 * @param {{ registry: string }} options
 * @returns {Promise<string[]>} what is wrong
 */
export async function platformProblems({ registry }) {
  const project = await Project.create({ registry });
  const problems = [];
  const ask = async () => {
    const { code, stdout, stderr } = await project.run([process.execPath, "make-backend.mjs"]);
    if (code !== 0) problems.push(`making a backend failed:\n${stderr}`);
    return stdout.trim().split("\n");
  };
  try {
    await project.write("make-backend.mjs", script);
    await project.install(["--omit=optional", name]);
    const manifest = join(project.folder, "node_modules", name, "package.json");
    const { version, optionalDependencies } = JSON.parse(await readFile(manifest, "utf8"));
    if (optionalDependencies[platformName] !== version) {
      problems.push(
        `${name} ${version}: expected ${platformName} in the same exact version but found ${optionalDependencies[platformName]}`,
      );
    }
    const error = await ask();
    const remedy = `npm install ${platformName}@${version}`;
    for (const part of [`  ${platformName}: not installed`, remedy]) {
      if (!error.some((line) => line.includes(part))) {
        problems.push(`expected an error with "${part}" but found:\n${error.join("\n")}`);
      }
    }
    await project.install([`${platformName}@${version}`]);
    const files = await ask();
    const own = join(project.folder, "node_modules", platformName);
    if (files.length !== 5 || !files.every((file) => file.startsWith(`${own}/`))) {
      problems.push(
        `expected the addon and four libraries from ${own} but found:\n${files.join("\n")}`,
      );
    }
    return problems;
  } finally {
    await project.remove();
  }
}
