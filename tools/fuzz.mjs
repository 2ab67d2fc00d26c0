// npm run fuzz -- [TARGET ...] [--seconds N] [--seed N] [--input FILE]: mutated files for the readers, until stopped.
import { createHash, randomInt } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { mutate, randomBits } from "./fuzz/mutate.mjs";
import { prepare } from "./setup/prepare.mjs";
import { main, root } from "./setup/steps.mjs";

const targetsFolder = join(root, "tools/fuzz/targets");
const failuresFolder = join(root, ".cache/fuzz");
/** Executions between two looks at the clock and at Ctrl-C. */
const BATCH = 512;

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string" },
      seed: { type: "string" },
      input: { type: "string" },
    },
  });
  const number = (name, fallback) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (Number.isNaN(value) || value < 0) {
      throw new Error(`Expected a number for --${name} but found "${values[name]}"`);
    }
    return value;
  };
  return {
    targets: positionals,
    seconds: number("seconds", Number.POSITIVE_INFINITY),
    seed: number("seed", randomInt(2 ** 31)),
    input: values.input,
  };
}

/** The targets asked for, or all: `{ name, seeds(), run(bytes) }`, one file each. */
async function loadTargets(names) {
  const files = (await readdir(targetsFolder)).filter((file) => file.endsWith(".mjs")).sort();
  const targets = await Promise.all(
    files.map((file) => import(pathToFileURL(join(targetsFolder, file)).href)),
  );
  const known = targets.map((target) => target.name);
  for (const name of names) {
    if (!known.includes(name)) {
      throw new Error(`Expected a target of ${known.join(", ")} but found "${name}"`);
    }
  }
  return names.length === 0 ? targets : targets.filter((target) => names.includes(target.name));
}

/** One input; an error that is not a clean refusal is saved and told. */
async function execute({ target, input, origin }) {
  try {
    await target.run(input);
  } catch (cause) {
    const hash = createHash("sha256").update(input).digest("hex").slice(0, 12);
    const file = join(failuresFolder, `${target.name}-${hash}.bin`);
    await mkdir(failuresFolder, { recursive: true });
    await writeFile(`${file}.tmp`, input);
    await rename(`${file}.tmp`, file);
    process.stderr.write(`\n${cause instanceof Error ? cause.stack : String(cause)}\n`);
    const path = relative(root, file);
    throw new Error(
      `${target.name}, ${origin}: failed. Again: npm run fuzz -- ${target.name} --input ${path}`,
    );
  }
}

await main(async () => {
  const options = readArguments();
  const targets = await loadTargets(options.targets);
  await prepare();
  if (options.input !== undefined) {
    const input = new Uint8Array(await readFile(options.input));
    for (const target of targets) await execute({ target, input, origin: options.input });
    process.stdout.write(`${options.input}: no failure\n`);
    return;
  }
  let stopped = false;
  process.once("SIGINT", () => {
    stopped = true;
  });
  process.stdout.write(
    `fuzzing ${targets.map((target) => target.name).join(", ")}, seed ${options.seed}\n`,
  );
  const states = await Promise.all(
    targets.map(async (target) => ({
      target,
      seeds: await target.seeds(),
      random: randomBits(options.seed),
      executions: 0,
    })),
  );
  const start = performance.now();
  let told = start;
  const report = () => {
    const seconds = (performance.now() - start) / 1000;
    const counts = states.map(({ target, executions }) => `${target.name} ${executions}`);
    const total = states.reduce((sum, { executions }) => sum + executions, 0);
    return `${seconds.toFixed(0)} s, ${counts.join(", ")}, ${Math.round(total / seconds)} executions/s`;
  };
  while (!stopped && performance.now() - start < options.seconds * 1000) {
    for (const state of states) {
      for (let i = 0; i < BATCH; i++) {
        const seed = state.seeds[state.executions % state.seeds.length];
        const input = mutate(seed, state.random);
        const origin = `seed ${options.seed}, execution ${state.executions}`;
        await execute({ target: state.target, input, origin });
        state.executions++;
      }
      await setImmediate();
    }
    const every = process.stdout.isTTY ? 1000 : 60_000;
    if (performance.now() - told >= every) {
      told = performance.now();
      process.stdout.write(process.stdout.isTTY ? `\r${report()}` : `${report()}\n`);
    }
  }
  process.stdout.write(`${process.stdout.isTTY ? "\r" : ""}${report()}, no failure\n`);
});
