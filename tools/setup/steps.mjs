// Runs the commands behind the root scripts: one line a step, the command's own output only when it fails.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The environment of every command: no telemetry, no colours that a log cannot show. */
const environment = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };

/**
 * Runs one command from the root and resolves to its output.
 *
 * @param {string} title what a person reads while it runs
 * @param {string[]} command program and arguments
 * @param {{ show?: boolean }} [options] show: pass the command's output through as it comes
 * @returns {Promise<string>}
 * @throws {Error} when the command fails; its output has been printed by then
 */
export async function step(title, [program, ...args], { show = false } = {}) {
  const start = Date.now();
  const seconds = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
  const alive = process.stderr.isTTY
    ? setInterval(() => process.stderr.write(`\r  ${title} ... ${seconds()}`), 1000)
    : undefined;
  if (!process.stderr.isTTY || show) process.stderr.write(`  ${title} ...\n`);
  try {
    const output = await new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd: root,
        env: environment,
        stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
      });
      const chunks = [];
      child.stdout?.on("data", (chunk) => chunks.push(chunk));
      child.stderr?.on("data", (chunk) => chunks.push(chunk));
      child.on("error", (error) =>
        reject(new Error(`${title}: cannot run ${program}: ${error.message}`)),
      );
      child.on("close", (code, signal) => {
        const text = Buffer.concat(chunks).toString();
        if (code === 0) return resolve(text);
        if (text) process.stderr.write(`\n${text}\n`);
        reject(
          new Error(
            `${title}: '${[program, ...args].join(" ")}' ended with ${signal ?? `exit code ${code}`}`,
          ),
        );
      });
    });
    clearInterval(alive);
    process.stderr.write(
      `${process.stderr.isTTY ? "\r" : ""}  ${title}: ${seconds()}\x20\x20\x20\x20\n`,
    );
    return output;
  } finally {
    clearInterval(alive);
  }
}

/**
 * Runs a piece of work in this process and tells how long it took.
 *
 * @template T
 * @param {string} title what a person reads
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function task(title, work) {
  const start = Date.now();
  try {
    const result = await work();
    process.stderr.write(`  ${title}: ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    throw new Error(`${title}:\n${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Runs a script's main function; an error is one line and exit code 1. */
export async function main(run) {
  try {
    await run();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
