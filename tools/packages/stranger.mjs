// A stranger's path with one package: install it alone into an empty project, import it, then do what its README says.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readExamples, toJavaScript } from "../readme/examples.mjs";
import { Project } from "./project.mjs";

/** Why an example cannot be run as a script, by what it imports. */
const notScripts = {
  vitest: "it is a test file, and runs in the package's own tests",
};

/** Where a package runs on some machines only: what to ask it, and the error that it owes the others. */
const mayRefuse = {
  "@paroattn/kernels-cuda": `
    import { CudaBackendError, createCudaBackend } from "@paroattn/kernels-cuda";
    try {
      createCudaBackend({ device: 0 }).dispose();
    } catch (error) {
      if (!CudaBackendError.isInstance(error)) throw error;
      console.log(error.message);
    }`,
};

/** The packages that a README says to install: the `npm install` of its section "Install". */
function packagesToInstall(readme) {
  const section = /^## Install\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? "";
  const line = /^npm install (.*)$/m.exec(section)?.[1];
  return line === undefined ? undefined : line.trim().split(/\s+/);
}

async function importAll(project, { name, manifest }) {
  const names = Object.keys(manifest.exports).map((path) => JSON.stringify(name + path.slice(1)));
  await project.write("import.mjs", names.map((path) => `await import(${path});\n`).join(""));
  const { code, stderr } = await project.run([process.execPath, "import.mjs"]);
  if (code !== 0) throw new Error(`importing it alone failed:\n${stderr}`);
}

async function refusal(project, name) {
  const question = mayRefuse[name];
  if (question === undefined) return undefined;
  await project.write("question.mjs", question);
  const { code, stdout, stderr } = await project.run([process.execPath, "question.mjs"]);
  if (code !== 0) throw new Error(`expected an error that explains itself but found:\n${stderr}`);
  return stdout.trim().split("\n")[0] || undefined;
}

/** Runs one example; resolves to what is wrong, or undefined. */
async function exampleProblem(project, at, { language, code, promised }) {
  await project.write(`example-${at}.ts`, code);
  await project.write(`example-${at}.mjs`, language === "js" ? code : toJavaScript(code));
  const result = await project.run([process.execPath, `example-${at}.mjs`]);
  if (result.code !== 0) {
    return `example ${at} ended with ${result.signal ?? `exit code ${result.code}`}:\n${result.stderr}`;
  }
  const expected = promised.map((line) => `${line}\n`).join("");
  if (result.stdout !== expected) {
    return `example ${at} promises\n${expected}but prints\n${result.stdout}`;
  }
  return undefined;
}

/**
 * What the READMEs say to do before the packages are on a registry: install the tarballs by their paths, all of them, or
 * one that needs no other.
 *
 * @param {readonly import("./workspace.mjs").PublishedPackage[]} published
 * @param {ReadonlyMap<string, { file: string }>} tarballs
 */
export async function installTarballs(published, tarballs) {
  const project = await Project.create();
  try {
    await project.install([...tarballs.values()].map(({ file }) => file));
    for (const one of published) await importAll(project, one);
  } finally {
    await project.remove();
  }
}

/**
 * Installs one tarball by its path and runs the first example of its README.
 *
 * @param {string} file
 * @param {string} name of a package that needs no other
 * @returns {Promise<{ project: Project, problems: string[] }>} the caller removes the project
 */
export async function installTarball(file, name) {
  const project = await Project.create();
  await project.install([file]);
  const [first] = await readExamples(join(project.folder, "node_modules", name, "README.md"));
  const problem = await exampleProblem(project, 1, first);
  return { project, problems: problem === undefined ? [] : [problem] };
}

/**
 * Walks the path of one package. The project stays, for the checks that come after; the caller removes it.
 *
 * @param {import("./workspace.mjs").PublishedPackage} published
 * @param {{ registry: string }} options
 * @returns {Promise<{ project: Project, installed: import("./project.mjs").Installed[], problems: string[], notes: string[] }>}
 */
export async function walk(published, { registry }) {
  const { name, folder } = published;
  const project = await Project.create({ registry });
  const problems = [];
  const notes = [];
  try {
    const installed = await project.install([name]);
    await importAll(project, published);
    const path = join(folder, "README.md");
    const names = packagesToInstall(await readFile(path, "utf8"));
    if (names === undefined) {
      problems.push('README.md: no "npm install" in its section "Install"');
      return { project, installed, problems, notes };
    }
    if (!names.includes(name)) problems.push(`README.md: its "npm install" leaves out ${name}`);
    if (names.length > 1) await project.install(names);
    const refused = await refusal(project, name);
    if (refused !== undefined) {
      notes.push(`examples not run: ${refused}`);
      return { project, installed, problems, notes };
    }
    for (const [at, example] of (await readExamples(path)).entries()) {
      const reason = Object.entries(notScripts).find(([module]) =>
        example.code.includes(`from "${module}"`),
      )?.[1];
      if (reason !== undefined) {
        notes.push(`example ${at + 1} not run: ${reason}`);
        continue;
      }
      const problem = await exampleProblem(project, at + 1, example);
      if (problem !== undefined) problems.push(problem);
    }
    return { project, installed, problems, notes };
  } catch (error) {
    problems.push(error.message);
    return { project, installed: [], problems, notes };
  }
}
