import "./emulated.js";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { OperatorError } from "@paroattn/backend";
import { BlockMask } from "@paroattn/sparse-masks";
import { describe, expect, it } from "vitest";
import { createCudaBackend } from "../src/index.js";
import { filled, rejection } from "./fixtures.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const MIB = 2 ** 20;
/** What a backend needs for itself. */
const BASE = 512;

describe("memory", () => {
  it("is reused in stream order, and reported", async () => {
    const backend = createCudaBackend();
    const input = backend.upload(filled([MIB], 1));
    expect(backend.memory()).toEqual({ inUse: BASE + 4 * MIB, kept: 0, peak: BASE + 4 * MIB });
    for (let i = 0; i < 10; i++) backend.add({ a: input, b: input }).dispose();
    // Each result took the block of the one before.
    expect(backend.memory()).toEqual({
      inUse: BASE + 4 * MIB,
      kept: 4 * MIB,
      peak: BASE + 8 * MIB,
    });
    const scope = backend.scope();
    for (let i = 0; i < 3; i++) scope.add({ a: input, b: input });
    expect(backend.memory().inUse).toBe(BASE + 16 * MIB);
    scope.dispose();
    expect(backend.memory()).toEqual({
      inUse: BASE + 4 * MIB,
      kept: 12 * MIB,
      peak: BASE + 16 * MIB,
    });
    await backend.flush();
    backend.dispose();
  });

  it("that is reused never shows through", async () => {
    const backend = createCudaBackend();
    const sums = [];
    for (let i = 0; i < 20; i++) {
      const input = backend.upload(filled([70_000], i));
      sums.push(backend.add({ a: input, b: input }));
      input.dispose();
    }
    for (const [i, sum] of sums.entries()) {
      const { data } = await backend.read(sum);
      expect(data.every((value) => value === 2 * i)).toBe(true);
    }
    backend.dispose();
  });

  it("goes back to the device when a backend is disposed of", async () => {
    const limited = { memoryLimit: 900 * MIB };
    for (let i = 0; i < 3; i++) {
      // Of the emulator's GiB; two at once would not fit.
      const backend = createCudaBackend(limited);
      const input = backend.upload(filled([64 * MIB], 1));
      const last = backend.slice({
        input: backend.add({ a: input, b: input }),
        axis: 0,
        start: 64 * MIB - 1,
        end: 64 * MIB,
      });
      expect((await backend.read(last)).data[0]).toBe(2);
      backend.dispose();
      await delay(200);
    }
  });

  it("of tensors that are dropped without dispose comes back with the garbage collector", async () => {
    const backend = createCudaBackend();
    for (let i = 0; i < 8; i++) backend.upload(filled([MIB], i));
    expect(backend.memory().inUse).toBe(BASE + 32 * MIB);
    for (let round = 0; round < 20 && backend.memory().inUse > BASE; round++) {
      collectGarbage();
      await delay(100);
    }
    expect(backend.memory().inUse).toBe(BASE);
    backend.dispose();
  });

  it("of masks is kept for masks, and given back before anything is refused", async () => {
    const limit = 2 * MIB;
    const backend = createCudaBackend({ memoryLimit: limit });
    // 64 words of 32 bits for each of 2048 rows.
    const blocks = { heads: 1, queryBlocks: 2048, keyBlocks: 2048 };
    const mask = backend.prepareMask(BlockMask.full(blocks));
    expect(backend.memory()).toMatchObject({ inUse: BASE + MIB / 2, kept: 0 });
    mask.dispose();
    expect(backend.memory()).toMatchObject({ inUse: BASE, kept: MIB / 2 });
    await backend.flush();
    const again = backend.prepareMask(BlockMask.full(blocks));
    expect(backend.memory()).toMatchObject({ inUse: BASE + MIB / 2, kept: 0 });
    again.dispose();
    const most = backend.upload(filled([(limit * 7) / 8 / 4], 5));
    expect(backend.memory()).toMatchObject({ inUse: BASE + (limit * 7) / 8, kept: 0 });
    expect((await backend.read(most)).data[0]).toBe(5);
    const refused = backend.prepareMask(BlockMask.full(blocks));
    const error = await rejection(backend.flush());
    expect(OperatorError.isInstance(error) && error.operator).toBe("prepareMask");
    expect(String(error)).toContain(`asked for ${MIB / 2} bytes`);
    refused.dispose();
    backend.dispose();
  });
});

describe("out of memory", () => {
  it("names the operator, what was asked and what is free, where the result is read; the backend goes on", async () => {
    const backend = createCudaBackend();
    const column = backend.upload(filled([1_000_000, 1], 1));
    const row = backend.upload(filled([1, 1_000_000], 1));
    const huge = backend.add({ a: column, b: row }); // 4 TB
    const part = backend.slice({ input: huge, axis: 0, start: 0, end: 1 });
    const error = await rejection(backend.read(part));
    expect(OperatorError.isInstance(error) && error.operator).toBe("add");
    expect(String(error)).toMatch(
      /out of memory: asked for 4000000000000 bytes, \d{9,} bytes are free$/,
    );
    expect(await rejection(backend.flush())).toMatchObject({ operator: "add" });
    await backend.flush();
    const first = backend.slice({ input: row, axis: 1, start: 0, end: 1 });
    expect((await backend.read(first)).data[0]).toBe(1);
    backend.dispose();
  });

  it("comes at the limit that was set, after what was kept has been given back", async () => {
    const backend = createCudaBackend({ memoryLimit: 16 * MIB });
    const small = Array.from({ length: 3 }, () => backend.upload(filled([MIB], 1)));
    for (const tensor of small) tensor.dispose();
    expect(backend.memory().kept).toBe(12 * MIB);
    // Fits only because the three blocks go back to the device.
    const input = backend.upload(filled([3 * MIB], 1));
    expect(backend.memory()).toMatchObject({ inUse: BASE + 12 * MIB, kept: 0 });
    const error = await rejection(backend.read(backend.add({ a: input, b: input })));
    expect(OperatorError.isInstance(error) && error.operator).toBe("add");
    expect(String(error)).toContain(
      `asked for ${12 * MIB} bytes, ${4 * MIB - BASE} bytes are free under the limit of ${16 * MIB}`,
    );
    input.dispose();
    expect((await backend.read(backend.upload(filled([2 * MIB], 3)))).data[1]).toBe(3);
    backend.dispose();
  });

  it("of an upload is told where it is read", async () => {
    const backend = createCudaBackend({ memoryLimit: MIB });
    const error = await rejection(backend.read(backend.upload(filled([MIB], 1))));
    expect(OperatorError.isInstance(error) && error.operator).toBe("upload");
    backend.dispose();
  });
});
