// npm run cuda:build: the addon with machine code for every architecture and PTX for those to come, and what its kernels use.
// Usage: node scripts/cuda-build.mjs [--arch 80,86,89,90a,120] [--ptx] [--json] [--write] [--target NAME]... [--jobs N]
//   --arch    architectures with machine code; default: all of these
//   --ptx     PTX of compute_80 too; default when --arch is not given
//   --json    the report on stdout, as JSON
//   --write   takes what was found over into resources.json
//   --target  what to build; default: the addon
// Fails if a kernel spills registers, has a stack frame or makes ptxas complain (C75xx). Needs nvcc of CUDA 13.
import { spawn, spawnSync } from "node:child_process";
import { readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { collectOutputs } from "./resources/collect.mjs";
import { compareTables, formatTable, reportResources, updateTable } from "./resources/report.mjs";

const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const buildFolder = join(packageFolder, "build", "fatbin");
const tableFile = join(packageFolder, "resources.json");
// An sm_90a cubin runs on 9.0 alone; sm_120 serves 12.1 too. What is not here compiles the PTX when it loads.
const allArchitectures = "80,86,89,90a,120";

function parse() {
  const { values } = parseArgs({
    options: {
      arch: { type: "string" },
      ptx: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      target: { type: "string", multiple: true, default: ["paroattn_cuda"] },
      jobs: { type: "string", default: String(availableParallelism()) },
    },
  });
  const names = (values.arch ?? allArchitectures).split(",");
  const wrong = names.filter((name) => !/^\d{2,3}[af]?$/.test(name));
  if (wrong.length > 0) {
    throw new Error(`Expected --arch to be such as ${allArchitectures} but found ${wrong[0]}`);
  }
  const withPtx = values.ptx || values.arch === undefined;
  return {
    ...values,
    architectures: [...names.map((name) => `${name}-real`), ...(withPtx ? ["80-virtual"] : [])],
  };
}

function includeFolders() {
  const require = createRequire(import.meta.url);
  return [
    require("node-api-headers").include_dir,
    dirname(require.resolve("node-addon-api/package.json")),
  ];
}

/** Runs cmake; a line to stderr for every translation unit that it compiles. Its output is shown only if it fails. */
async function cmake(args) {
  const child = spawn("cmake", args, { cwd: packageFolder, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const start = Date.now();
  const read = (stream) =>
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      const unit = /^\[\s*(\S+)\]\s+Building (?:CUDA|CXX) object (?:.*\.dir\/)?(.*)\.o$/.exec(line);
      if (unit) {
        const seconds = ((Date.now() - start) / 1000).toFixed(0);
        process.stderr.write(`  [${unit[1]}] ${unit[2]} (at ${seconds} s)\n`);
      }
    });
  read(child.stdout);
  read(child.stderr);
  const code = await new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new Error(`cannot run cmake: ${error.message}`)));
    child.on("close", resolve);
  });
  if (code === 0) return;
  process.stderr.write(
    `${lines.filter((line) => !/^ptxas info|bytes stack/.test(line)).join("\n")}\n`,
  );
  throw new Error(`"cmake ${args.join(" ")}" ended with ${code}`);
}

async function readTable() {
  const text = await readFile(tableFile, "utf8").catch(() => undefined);
  return text === undefined ? {} : JSON.parse(text);
}

/** A line a kernel, so that a change is seen in a diff. */
async function writeTable(table) {
  const lines = Object.entries(table).map(
    ([kernel, entries]) => ` ${JSON.stringify(kernel)}: ${JSON.stringify(entries)}`,
  );
  await writeFile(`${tableFile}.part`, `{\n${lines.join(",\n")}\n}\n`);
  await rename(`${tableFile}.part`, tableFile);
}

async function main() {
  const options = parse();
  if (spawnSync("nvcc", ["--version"], { stdio: "ignore" }).error) {
    throw new Error("Expected nvcc of CUDA 13 on the path but found none");
  }
  const start = Date.now();
  process.stderr.write(`  configure for ${options.architectures.join(", ")} ...\n`);
  await cmake([
    "-S",
    "native",
    "-B",
    buildFolder,
    "-DCMAKE_BUILD_TYPE=Release",
    "-DPAROATTN_EMULATED=OFF",
    `-DCMAKE_CUDA_ARCHITECTURES=${options.architectures.join(";")}`,
    `-DPAROATTN_NODE_INCLUDES=${includeFolders().join(";")}`,
  ]);
  const jobs = ["--parallel", options.jobs];
  await cmake(["--build", buildFolder, ...jobs, "--target", ...options.target]);
  const seconds = ((Date.now() - start) / 1000).toFixed(1);

  const report = reportResources(await collectOutputs(buildFolder));
  if (report.rows.length === 0)
    throw new Error("Expected the compiler to report kernels but found none");
  const before = await readTable();
  const { increases, others } = compareTables(before, report.rows);
  if (options.write) await writeTable(updateTable(before, report.rows));
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...report, increases, others }, undefined, 1)}\n`);
  } else {
    process.stdout.write(`${formatTable(report.rows)}\n`);
  }
  process.stderr.write(`  built ${options.target.join(", ")} in ${buildFolder}: ${seconds} s\n`);
  for (const change of others) process.stderr.write(`  ${change}\n`);
  for (const increase of increases) process.stderr.write(`  MORE THAN BEFORE: ${increase}\n`);
  if (increases.length + others.length > 0 && !options.write) {
    process.stderr.write("  --write takes this over into resources.json\n");
  }
  if (report.problems.length > 0) {
    throw new Error(["Kernels that do not fit:", ...report.problems].join("\n  "));
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
