// npm run gpu:check: makes the bundle, and runs it where there is a GPU with its toolkit.
// Usage: node main.mjs [--out FOLDER] [--no-run] [-- ARGUMENTS OF run.sh]
import { spawnSync } from "node:child_process";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeBundle } from "./make-bundle.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

function works(command, ...args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

function parse() {
  const { values, positionals } = parseArgs({
    options: {
      out: { type: "string", default: join(root, "out", "gpu-check") },
      "no-run": { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  return { folder: resolve(values.out), run: !values["no-run"], passOn: positionals };
}

try {
  const { folder, run, passOn } = parse();
  const runHere = run && works("nvidia-smi", "-L") && works("nvcc", "--version");
  const { bytes, files } = await makeBundle(folder, { keepBuild: runHere });
  const where = relative(process.cwd(), folder) || ".";
  process.stdout.write(`${where}: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB\n`);
  if (runHere) {
    const { status } = spawnSync("bash", [join(folder, "run.sh"), ...passOn], { stdio: "inherit" });
    process.exitCode = status ?? 1;
  } else {
    process.stdout.write(
      `Copy ${where} to a machine with a GPU (bash, Python 3 with torch, CMake, nvcc; no network needed) and run there: bash run.sh\n`,
    );
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
