// A load of the addon in a worker thread: some work, then an end of the kind that workerData names.
import { parentPort, workerData } from "node:worker_threads";
import { add, first, issueLongAttention, native, upload } from "./addon.mjs";

const view = native.createRoot(2);
const one = upload(view, workerData.value);
const sum = await first(view, add(view, one, one));
if (workerData.end === "terminated") issueLongAttention(view);
if (workerData.end === "exit") {
  issueLongAttention(view);
  parentPort.once("message", () => process.exit(0));
}
parentPort.postMessage(sum);
if (workerData.end === "closed") native.close(view);
