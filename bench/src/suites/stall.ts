import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createCpuBackend } from "@paroattn/kernels-cpu";

/** One line of `npm run bench -- stall --json`: what the event loop and the memory did while something ran. */
export interface StallLine {
  readonly phase: string;
  readonly ms: number;
  /** The latest that a timer of 1 ms came. */
  readonly stallMs: number;
  /** The peak of the process above what it held before, in bytes, and the bytes of queries, keys and values. */
  readonly aboveBytes: number | null;
  readonly operandBytes: number;
}

const HEADS = 48;
/** A clip of CogVideoX: 226 text tokens and 17,550 visual ones. */
const TOKENS = 17_776;
const HEAD_DIM = 64;

/** Attention of a clip's size, fronts and all, beside a JavaScript thread that wants to go on. */
export async function* benchStall(options: {
  readonly threads: number;
  readonly rounds: number;
  readonly onProgress: (done: number) => void;
}): AsyncGenerator<StallLine> {
  const { threads, rounds } = options;
  const backend = createCpuBackend({ threads });
  const shape = [1, TOKENS, HEADS * HEAD_DIM];
  const data = Float32Array.from({ length: TOKENS * HEADS * HEAD_DIM }, (_, i) =>
    Math.sin(i % 65_521),
  );
  const operandBytes = 3 * data.byteLength;
  const upload = () => backend.upload({ dtype: "f32", shape, data });
  const inputs = { query: upload(), key: upload(), value: upload() };
  await backend.flush();
  const phases = 2 * rounds;
  for (let round = 0; round < rounds; round++) {
    const scope = backend.scope();
    options.onProgress((2 * round) / phases);
    const prepare = () => scope.prepareAttention({ ...inputs, heads: HEADS, headDim: HEAD_DIM });
    const front = await watch(async () => {
      const operands = prepare();
      await scope.flush();
      return operands;
    });
    yield { phase: "front", ...front.seen, operandBytes };
    options.onProgress((2 * round + 1) / phases);
    const attention = await watch(async () => {
      scope.attention({ operands: front.result });
      await scope.flush();
    });
    yield { phase: "attention", ...attention.seen, operandBytes };
    scope.dispose();
    await backend.flush();
  }
  for (const tensor of Object.values(inputs)) tensor.dispose();
  backend.dispose();
}

async function watch<T>(work: () => Promise<T>) {
  let stallMs = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - last - 1);
    last = now;
  };
  const timer = setInterval(look, 1);
  // The timer runs steadily before the work begins.
  await new Promise((resolve) => setTimeout(resolve, 50));
  stallMs = 0;
  const before = forgetPeak();
  const start = performance.now();
  const result = await work();
  look();
  const ms = performance.now() - start;
  clearInterval(timer);
  const aboveBytes = before === undefined ? null : residentBytes("VmHWM") - before;
  return { result, seen: { ms, stallMs, aboveBytes } };
}

/** Linux: lets the peak begin at what is held now, and says how much that is. */
function forgetPeak(): number | undefined {
  if (!existsSync("/proc/self/clear_refs")) return undefined;
  writeFileSync("/proc/self/clear_refs", "5");
  return residentBytes("VmRSS");
}

/** What the process holds now (VmRSS), or held at most (VmHWM). */
function residentBytes(field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
}
