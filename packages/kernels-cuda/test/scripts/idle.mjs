// Uses a backend and returns without closing it: the process must end by itself.
// Before, it prints the sum and the processor time that a quarter second of idling took, in milliseconds.
import { setTimeout as delay } from "node:timers/promises";
import { add, first, native, upload } from "./addon.mjs";

const view = native.createRoot(0, 0);
const one = upload(view, 1);
const sum = await first(view, add(view, one, one));
await delay(50);
const before = process.cpuUsage();
await delay(250);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ sum, idleMilliseconds: (user + system) / 1000 }));
