// An empty npm project outside of this repository, as a stranger has it.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reachingThisMachine } from "./registry.mjs";

/** How long a command in the project may take. */
const LIMIT_MS = 300_000;

/**
 * @typedef {object} Installed
 * @property {string} name
 * @property {string} version
 * @property {number} bytes of all its files
 */

/** What tells npm where packages come from. */
const sources = "registry|userconfig|globalconfig|cache|cafile|ca|cert|key|strict_ssl|.*proxy";
/** Settings of this repository and of whatever runs this process (npm, pnpm, turbo) that a stranger does not have. */
const ours = new RegExp(
  `^(npm_(?!config_(${sources})$)|PNPM_|PAROATTN_|NODE_OPTIONS$|INIT_CWD$)`,
  "i",
);

function strangersEnvironment() {
  const entries = Object.entries(process.env).filter(([name]) => !ours.test(name));
  return reachingThisMachine(Object.fromEntries(entries));
}

async function folderBytes(folder) {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? await folderBytes(path) : (await stat(path)).size;
  }
  return bytes;
}

export class Project {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  /** @param {{ registry?: string }} [options] where the scope @paroattn is looked up */
  static async create({ registry } = {}) {
    const project = new Project(await mkdtemp(join(tmpdir(), "paroattn-stranger-")));
    await project.write("package.json", `{ "private": true, "type": "module" }\n`);
    const settings = [
      ...(registry === undefined ? [] : [`@paroattn:registry=${registry}`]),
      "fund=false",
      "audit=false",
      "update-notifier=false",
      "prefer-offline=true",
    ];
    await project.write(".npmrc", `${settings.join("\n")}\n`);
    return project;
  }

  async write(file, text) {
    await writeFile(join(this.folder, file), text);
  }

  /**
   * Runs a command in the project.
   *
   * @param {string[]} command
   * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>}
   */
  run([program, ...args]) {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: this.folder,
        env: strangersEnvironment(),
        stdio: ["ignore", "pipe", "pipe"],
        timeout: LIMIT_MS,
        killSignal: "SIGKILL",
      });
      const texts = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"]) {
        child[name].setEncoding("utf8");
        child[name].on("data", (chunk) => {
          texts[name] += chunk;
        });
      }
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code, signal, ...texts }));
    });
  }

  /**
   * `npm install`, and what it put there.
   *
   * @param {readonly string[]} names
   * @returns {Promise<Installed[]>}
   */
  async install(names) {
    const { code, stderr } = await this.run(["npm", "install", ...names]);
    if (code !== 0) throw new Error(`npm install ${names.join(" ")} failed:\n${stderr}`);
    const { packages } = JSON.parse(
      await readFile(join(this.folder, "node_modules/.package-lock.json"), "utf8"),
    );
    const installed = [];
    for (const [path, { version }] of Object.entries(packages)) {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      installed.push({ name, version, bytes: await folderBytes(join(this.folder, path)) });
    }
    return installed;
  }

  async remove() {
    await rm(this.folder, { recursive: true, force: true });
  }
}
