import { existsSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { AttentionOperands } from "@paroattn/backend";
import { createCpuBackend } from "@paroattn/kernels-cpu";
import { median } from "../measure/interleave.js";
import { forgetPeak, peakAbove } from "../measure/resident.js";

/** One line of `npm run bench -- stall --json`: what the event loop and the memory did while something ran. */
export interface StallLine {
  readonly phase: string;
  readonly ms: number;
  /** The latest that a timer of 1 ms came. */
  readonly stallMs: number;
  /** The peak of the process above what it held before, in bytes, and the bytes of queries, keys and values. */
  readonly aboveBytes: number | null;
  readonly operandBytes: number;
  /** What the hypervisor kept from all processors meanwhile, in steps of 10 ms; nobody runs then. Null where none says so. */
  readonly stolenMs: number | null;
}

/** The longest stalls of all rounds of a phase. */
export interface StallSummary {
  readonly phase: string;
  readonly rounds: number;
  readonly stallMs: { readonly best: number; readonly median: number; readonly worst: number };
}

const HEADS = 48;
/** A clip of CogVideoX: 226 text tokens and 17,550 visual ones. */
const TOKENS = 17_776;
const HEAD_DIM = 64;
const IDLE_MS = 10_000;

/** Attention of a clip's size, fronts and all, beside a JavaScript thread that wants to go on. */
export async function* benchStall(options: {
  readonly threads: number;
  readonly rounds: number;
  readonly onProgress: (done: number) => void;
}): AsyncGenerator<StallLine | StallSummary> {
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
  const phases = ["idle", "front", "attention", "disposal"] as const;
  const stalls = new Map<string, number[]>(phases.map((phase) => [phase, []]));
  for (let round = 0; round < rounds; round++) {
    options.onProgress(round / rounds);
    const scope = backend.scope();
    let operands: AttentionOperands;
    const work = {
      // What the machine itself keeps a timer waiting, for as long as attention takes.
      idle: () => setTimeout(IDLE_MS),
      front() {
        operands = scope.prepareAttention({ ...inputs, heads: HEADS, headDim: HEAD_DIM });
        return scope.flush();
      },
      attention() {
        scope.attention({ operands });
        return scope.flush();
      },
      disposal() {
        scope.dispose();
        return backend.flush();
      },
    };
    for (const phase of phases) {
      const seen = await watch(work[phase]);
      stalls.get(phase)!.push(seen.stallMs);
      yield { phase, ...seen, operandBytes };
    }
  }
  for (const [phase, all] of stalls) {
    const stallMs = { best: Math.min(...all), median: median(all), worst: Math.max(...all) };
    yield { phase, rounds, stallMs };
  }
  for (const tensor of Object.values(inputs)) tensor.dispose();
  backend.dispose();
}

async function watch(work: () => Promise<void>) {
  let stallMs = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - last - 1);
    last = now;
  };
  const timer = setInterval(look, 1);
  // The timer runs steadily before the work begins.
  await setTimeout(50);
  const before = forgetPeak();
  const stolenBefore = stolenMs();
  stallMs = 0;
  const start = performance.now();
  last = start;
  await work();
  look();
  const ms = performance.now() - start;
  clearInterval(timer);
  const stolenAfter = stolenMs();
  return {
    ms,
    stallMs,
    aboveBytes: peakAbove(before),
    stolenMs: stolenBefore === null || stolenAfter === null ? null : stolenAfter - stolenBefore,
  };
}

/** Linux: the time of all processors together that the hypervisor gave to somebody else, since the machine started. */
function stolenMs(): number | null {
  if (!existsSync("/proc/stat")) return null;
  const [, ...times] = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!.split(/\s+/);
  return Number(times[7]) * 10;
}
