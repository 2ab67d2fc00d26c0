import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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

/** Longer than the half second after which an idle stream gives unused memory back. */
async function untilIdle(view: CpuView): Promise<number> {
  await view.flush();
  await delay(800);
  return view.memory();
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

  it("of a masked attention does not grow with tokens squared", async () => {
    const view = createView();
    const tokens = 8192;
    const query = view.upload(filled([1, tokens, 64], 0.1));
    const operands = view.prepareAttention({
      query,
      key: query,
      value: query,
      heads: 1,
      headDim: 64,
    });
    const { output } = view.attention({ operands });
    await view.read(output);
    const tensorBytes = tokens * 64 * 4;
    // query, its three packed panels, the output, and what is kept for reuse; the map would be 128 tensors.
    expect(view.memory()).toBeLessThan(10 * tensorBytes);
    view.dispose();
  });
});
