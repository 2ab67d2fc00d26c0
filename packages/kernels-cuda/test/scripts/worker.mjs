// A backend in a worker thread; with "busy" it is still at work when the worker is terminated.
import { parentPort, workerData } from "node:worker_threads";
import { add, first, issueLongAttention, longBytes, native, upload } from "./addon.mjs";

const view = native.createRoot(0, 0);
const one = upload(view, workerData.value);
parentPort.postMessage(await first(view, add(view, one, one)));
if (workerData.busy) {
  const output = issueLongAttention(view);
  await native.read(view, output, new ArrayBuffer(longBytes));
}
