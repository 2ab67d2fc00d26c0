// Terminates workers while they are about to issue commands, or in the midst of it.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

const script = new URL("worker.mjs", import.meta.url);
for (let wait = 0; wait < 20; wait++) {
  const worker = new Worker(script, { workerData: { value: 1, busy: true } });
  await once(worker, "message");
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  await worker.terminate();
}
