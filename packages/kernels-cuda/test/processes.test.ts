import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { createCudaBackend } from "../src/index.js";
import { EMULATED } from "./emulated.js";
import { filled } from "./fixtures.js";

const scripts = join(import.meta.dirname, "scripts");
const env = { ...process.env, PAROATTN_CUDA_ADDON: process.env.PAROATTN_CUDA_ADDON ?? EMULATED };

function run(script: string) {
  return spawnSync(process.execPath, [join(scripts, script)], {
    encoding: "utf8",
    timeout: 60_000,
    env,
  });
}

function startWorker(value: number, busy = false): Worker {
  return new Worker(join(scripts, "worker.mjs"), { workerData: { value, busy }, env });
}

describe("a process", () => {
  it("ends by itself when its backend is idle, and idling costs no processor time", () => {
    const { status, stdout, stderr } = run("idle.mjs");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { sum, idleMilliseconds } = JSON.parse(stdout);
    expect(sum).toBe(2);
    expect(idleMilliseconds).toBeLessThan(50);
  });

  it("can exit while commands run and wait", () => {
    const { status, signal, stderr } = run("exit-while-busy.mjs");
    expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: "" });
  });

  it("lives on when its worker threads are terminated within a call", () => {
    const { status, signal, stderr } = run("terminate-at-once.mjs");
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
  });
});

describe("worker threads", () => {
  it("have backends of their own", async () => {
    const workers = [1, 2, 3].map((value) => startWorker(value));
    const answers = await Promise.all(workers.map((worker) => once(worker, "message")));
    expect(answers).toEqual([[2], [4], [6]]);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });

  it("can be terminated in the middle of a long command", async () => {
    const worker = startWorker(4, true);
    expect(await once(worker, "message")).toEqual([8]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await worker.terminate();
    const backend = createCudaBackend();
    const one = backend.upload(filled([1], 1));
    expect((await backend.read(backend.add({ a: one, b: one }))).data[0]).toBe(2);
    backend.dispose();
  });
});
