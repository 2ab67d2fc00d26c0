// Loads and unloads the addon in worker threads, COUNT times, each ended in another way, and prints what is left of it.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const [count, warmUp] = process.argv.slice(2).map(Number);
/** "left": the worker ends by itself with its backend open. */
const ENDS = ["closed", "left", "terminated", "exit"];
const script = new URL("lifecycle-worker.mjs", import.meta.url);

async function load(index) {
  const end = ENDS[index % ENDS.length];
  const worker = new Worker(script, { workerData: { value: index, end } });
  const gone = once(worker, "exit");
  const [sum] = await once(worker, "message");
  if (sum !== 2 * index) throw new Error(`Expected ${2 * index} but found ${sum}`);
  if (end === "exit") worker.postMessage("now");
  if (end === "terminated") await worker.terminate();
  await gone;
}

/** Threads of the process, once those that are ending have ended: the least of some looks. */
async function threads() {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 20; look++) {
    await delay(25);
    least = Math.min(least, readdirSync("/proc/self/task").length);
  }
  return least;
}

async function state() {
  globalThis.gc();
  return { threads: await threads(), rss: process.memoryUsage.rss() };
}

for (let index = 0; index < warmUp; index++) await load(index);
const before = await state();
for (let index = warmUp; index < count; index++) await load(index);
const after = await state();
console.log(JSON.stringify({ before, after }));
