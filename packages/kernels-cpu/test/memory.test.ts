import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { DeviceTensor } from "@paroattn/backend";
import { randomMask } from "@paroattn/sparse-masks";
import { describe, expect, it } from "vitest";
import { createCpuBackend } from "../src/index.js";
import type { CpuView } from "../src/view.js";
import { filled } from "./fixtures.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const MIB = 2 ** 20;

function createView(): CpuView {
  return createCpuBackend({ threads: 2 }) as CpuView;
}

/** Longer than the two seconds after which an idle stream gives unused memory back. */
async function untilIdle(view: CpuView): Promise<number> {
  await view.flush();
  await delay(2300);
  return view.memory();
}

/** What the process holds now (VmRSS), or held at most (VmHWM). */
function residentBytes(field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
}

describe("memory", () => {
  it("comes back on dispose, in stream order, and when a scope ends", async () => {
    const view = createView();
    const input = view.upload(filled([MIB], 1));
    expect(view.memory()).toBe(4 * MIB);
    const scope = view.scope();
    for (let i = 0; i < 4; i++) scope.add({ a: input, b: input });
    await scope.flush();
    expect(view.memory()).toBe(20 * MIB);
    scope.dispose();
    input.dispose();
    expect(await untilIdle(view)).toBe(0);
    view.dispose();
  });

  it("comes back when tensors are disposed of while the stream is idle", async () => {
    const view = createView();
    const input = view.upload(filled([MIB], 1));
    await untilIdle(view);
    input.dispose();
    expect(view.memory()).toBe(4 * MIB); // JavaScript's thread gives nothing back itself
    await delay(2300);
    expect(view.memory()).toBe(0);
    view.dispose();
  });

  it("that is kept beyond 512 MiB makes room for other sizes, the oldest first", async () => {
    const view = createView();
    const uploadZeros = (mebibytes: number) => view.upload(filled([mebibytes, MIB / 4], 0));
    const inputs = [200, 208, 216].map(uploadZeros);
    for (const input of inputs) input.dispose();
    expect(view.memory()).toBe(624 * MIB);
    const other = uploadZeros(8);
    expect(view.memory()).toBe(432 * MIB); // the first one's 200 for 8
    const again = [208, 216].map(uploadZeros);
    expect(view.memory()).toBe(432 * MIB);
    for (const tensor of [other, ...again]) tensor.dispose();
    expect(await untilIdle(view)).toBe(0);
    view.dispose();
  });

  it("that is kept below 512 MiB stays, whatever was in use at once", async () => {
    const view = createView();
    for (const mebibytes of [4, 8, 12, 2, 4, 8]) {
      view.upload(filled([mebibytes, MIB / 4], 0)).dispose();
      await view.flush();
    }
    expect(view.memory()).toBe(26 * MIB);
    expect(await untilIdle(view)).toBe(0);
    view.dispose();
  });

  it("of tensors that are dropped without dispose comes back with the garbage collector", async () => {
    const view = createView();
    for (let i = 0; i < 8; i++) view.upload(filled([MIB], i));
    expect(view.memory()).toBe(32 * MIB);
    for (let round = 0; round < 20 && view.memory() > 0; round++) {
      collectGarbage();
      await delay(100);
    }
    expect(await untilIdle(view)).toBe(0);
    view.dispose();
  });

  it("is told to V8, which collects dropped tensors before they pile up", async () => {
    const view = createView();
    const host = filled([MIB], 1);
    let most = 0;
    for (let i = 0; i < 300; i++) {
      view.upload(host);
      await delay(0);
      most = Math.max(most, view.memory());
    }
    expect(most).toBeLessThan(600 * MIB); // of the 1,200 that were uploaded
    view.dispose();
  });

  it.runIf(existsSync("/proc/self/clear_refs"))(
    "of attention and block statistics does not grow with tokens squared, dense or masked",
    async () => {
      const view = createView();
      const tokens = 16_384;
      const query = view.upload(filled([1, tokens, 64], 0.1));
      const sides = { query, key: query, value: query };
      const operands = view.prepareAttention({ ...sides, heads: 1, headDim: 64 });
      const { queryBlocks, keyBlocks } = operands;
      const mask = randomMask({ heads: 1, queryBlocks, keyBlocks, density: 0.3, seed: 1 });
      await view.flush();
      // All that the process holds, also what no pool counts; "5" sets the peak to what is held now.
      const before = residentBytes("VmRSS");
      writeFileSync("/proc/self/clear_refs", "5");
      const dense = view.attention({ operands, returnLogSumExp: true });
      const logSumExp = dense.logSumExp as DeviceTensor;
      view.attention({ operands, mask: view.prepareMask(mask) });
      view.blockStatistics({ operands, logSumExp, epsilon: 1e-3 });
      await view.flush();
      // Two outputs of 4 MiB and what the threads work with; the map alone would be 1,024 MiB.
      expect(residentBytes("VmHWM") - before).toBeLessThan(64 * MIB);
      view.dispose();
    },
  );
});
