import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MassStore } from "../src/masks/mass-store.js";

const shape = { buckets: 2, layers: 3, heads: 2, blocks: 5 };
const size = shape.blocks ** 2;

/** [batch, heads, blocks, blocks] with every number its own. */
const masses = (batch: number, start: number) =>
  Float32Array.from({ length: batch * shape.heads * size }, (_, i) => start + i);

describe.each([
  ["memory", 1e6],
  ["a scratch file", 0],
])("masses in %s", (_, memoryLimit) => {
  it("are averaged over batch rows and calls", async () => {
    const scratchFolder = mkdtempSync(join(tmpdir(), "store-"));
    const store = new MassStore({ ...shape, memoryLimit, scratchFolder });
    for (let bucket = 0; bucket < shape.buckets; bucket++) {
      for (let layer = 0; layer < shape.layers; layer++) {
        store.add({ bucket, layer }, masses(2, 1000 * bucket + 100 * layer));
        store.add({ bucket, layer }, masses(1, 7));
      }
    }
    if (process.platform !== "win32") expect(readdirSync(scratchFolder)).toEqual([]);
    const source = store.averages();
    for (let pass = 0; pass < 2; pass++) {
      const head = await source.read({ bucket: 1, layer: 2, head: 1 });
      const [first, second] = [1200 + size, 1200 + (shape.heads + 1) * size];
      expect(head.length).toBe(size);
      head.forEach((mass, i) => {
        expect(mass).toBeCloseTo((first + i + second + i + 7 + size + i) / 3, 3);
      });
    }
    store.dispose();
    expect(readdirSync(scratchFolder)).toEqual([]);
    rmSync(scratchFolder, { recursive: true });
  });

  it("are not given while a place is empty", () => {
    using store = new MassStore({ ...shape, memoryLimit, scratchFolder: tmpdir() });
    for (let layer = 0; layer < shape.layers; layer++) {
      store.add({ bucket: 0, layer }, masses(1, 0));
      if (layer !== 1) store.add({ bucket: 1, layer }, masses(1, 0));
    }
    expect(() => store.averages()).toThrow(/none in layer 1, bucket 1/);
  });
});
