import { spawnSync } from "node:child_process";
import { explainCrash, explainLoadError } from "./explain.js";
import { ProbeMemory } from "./probe-memory.js";

/** Loading takes tens of milliseconds; a machine under load takes its time. */
const LIMIT_MS = 60_000;

/**
 * What the child runs: it loads the file, multiplies two matrices with oneDNN and adds them with our own kernels, and says
 * what went wrong. Plain JavaScript in a string, so that it needs no file of its own wherever this package is bundled.
 */
const script = `
const [file, limit] = process.argv.slice(1);
async function tryAddon() {
  const native = require(file);
  if (limit) native.limitTarget(limit);
  const view = native.createRoot(1);
  const ones = () => native.upload(view, new Uint8Array(Float32Array.of(1, 1, 1, 1).buffer));
  const a = ones();
  const product = native.linear(view, {
    input: a,
    weight: { handle: ones(), type: "f32" },
    bias: undefined,
    activation: undefined,
    gate: undefined,
    gates: 1,
    residual: undefined,
    rows: 2,
    inputs: 2,
    outputs: 2,
  });
  const shape = [2, 2];
  const sum = native.add(view, { a, b: product, shape, aShape: shape, bShape: shape });
  const bytes = new ArrayBuffer(16);
  const failure = await native.read(view, sum, bytes);
  native.close(view);
  if (failure) throw new Error(failure.operator + ": " + failure.message);
  const found = [...new Float32Array(bytes)].join(" ");
  if (found !== "3 3 3 3") throw new Error("expected 1 + 1*1 + 1*1 to be 3 but found " + found);
}
tryAddon().then(
  () => process.stdout.write("works"),
  (error) => process.stdout.write(String(error.message)),
);
`;

/**
 * Tries an addon in a process of its own, because loading one that needs another machine may end the process that does it.
 * What worked once is not tried again, see {@link ProbeMemory}.
 *
 * @returns what is wrong with it, as one sentence; undefined where nothing is, or no process can be started to find out
 */
export function probe(file: string): string | undefined {
  const limit = process.env.PAROATTN_CPU_TARGET ?? "";
  const memory = new ProbeMemory(file, limit);
  if (memory.worked) return undefined;
  const { NODE_OPTIONS: _, ...environment } = process.env;
  let child: ReturnType<typeof spawnSync>;
  try {
    child = spawnSync(process.execPath, ["-e", script, file, limit], {
      encoding: "utf8",
      env: { ...environment, ELECTRON_RUN_AS_NODE: "1" },
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined; // Node's permission model, for one, forbids child processes.
  }
  const { error, signal, status, stdout } = child;
  if (error !== undefined) {
    if ((error as NodeJS.ErrnoException).code !== "ETIMEDOUT") return undefined;
    return `did not answer within ${LIMIT_MS / 1000} s when it was tried in a process of its own`;
  }
  if (signal !== null) return explainCrash(signal);
  if (status === 0 && stdout === "works") {
    memory.rememberThatItWorks();
    return undefined;
  }
  if (status === 0 && stdout !== "") return explainLoadError(String(stdout));
  return `ended the process that tried it, with exit code ${status}`;
}
