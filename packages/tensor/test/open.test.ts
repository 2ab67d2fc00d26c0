import { spawnSync } from "node:child_process";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  encodeSafetensors,
  openSafetensors,
  openSafetensorsBytes,
  SafetensorsError,
  tensor,
} from "../src/index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tensor-open-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rows = tensor({
  dtype: "i32",
  shape: [5, 2, 3],
  data: Int32Array.from({ length: 30 }, (_, i) => i),
});
const bytes = encodeSafetensors({
  tensors: { rows, scalar: tensor({ dtype: "f32", shape: [], data: Float32Array.of(3) }) },
});

async function file(name: string, content: Uint8Array = bytes): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe("openSafetensors", () => {
  it("reads ranges of rows, concurrently", async () => {
    await using source = await openSafetensors(await file("rows.safetensors"));
    const ranges = [
      [0, 5],
      [1, 3],
      [4, 5],
      [2, 2],
    ] as const;
    const parts = await Promise.all(
      ranges.map(([start, end]) => source.readRows("rows", { start, end })),
    );
    for (const [i, [start, end]] of ranges.entries()) {
      expect(parts[i]).toEqual(
        tensor({
          dtype: "i32",
          shape: [end - start, 2, 3],
          data: rows.data.slice(start * 6, end * 6),
        }),
      );
    }
  });

  it("refuses rows that are not there", async () => {
    const source = await openSafetensorsBytes(bytes);
    for (const [start, end] of [
      [0, 6],
      [-1, 2],
      [3, 2],
      [0.5, 2],
      [0, Number.NaN],
    ] as const) {
      await expect(source.readRows("rows", { start, end })).rejects.toThrow(
        `Expected a row range within 0 ... 5 but found ${start} ... ${end} for tensor "rows"`,
      );
    }
    await expect(source.readRows("scalar", { start: 0, end: 1 })).rejects.toThrow("found a scalar");
  });

  it("names the tensor that is not there", async () => {
    const path = await file("names.safetensors");
    await using source = await openSafetensors(path);
    expect(source.has("rows")).toBe(true);
    expect(source.has("columns")).toBe(false);
    expect(() => source.info("columns")).toThrow(
      `a tensor named "columns" but found 2 others in ${path}`,
    );
    await expect(source.read("columns")).rejects.toThrow(SafetensorsError);
    expect(source.info("rows").path).toBe(path);
  });

  it("names the path of a truncated file, a missing one, a folder, an empty one", async () => {
    const truncated = await file("truncated.safetensors", bytes.subarray(0, bytes.length - 1));
    const error = await openSafetensors(truncated).catch((e: unknown) => e);
    expect(SafetensorsError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({ path: truncated });
    expect((error as Error).message).toContain(truncated);
    await expect(openSafetensors(join(folder, "missing"))).rejects.toThrow(
      /ENOENT.* in .*missing$/,
    );
    await expect(openSafetensors(folder)).rejects.toThrow("found a folder");
    await expect(openSafetensors(await file("empty", new Uint8Array(0)))).rejects.toThrow(
      "a file of 0 bytes",
    );
  });

  it.skipIf(process.platform === "win32")("refuses a pipe instead of waiting for it", async () => {
    const pipe = join(folder, "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    await expect(openSafetensors(pipe)).rejects.toThrow("found something that is no file");
  });

  it("says so if the file shrinks after it was opened, and if it was closed", async () => {
    const path = await file("shrinks.safetensors");
    const source = await openSafetensors(path);
    await truncate(path, bytes.length - 60);
    await expect(source.read("rows")).rejects.toThrow("a file that ends after");
    await source.close();
    await source.close();
    await expect(source.read("rows")).rejects.toThrow("found one that was closed");
  });

  it("stops within a tensor at the signal, and reads it afterwards", async () => {
    const size = 40 * 2 ** 20;
    const header = Buffer.from(
      JSON.stringify({ big: { dtype: "U8", shape: [2, size / 2], data_offsets: [0, size] } }),
    );
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(header.length));
    const path = await file("stops.safetensors", Buffer.concat([start, header]));
    await truncate(path, start.length + header.length + size);
    await using source = await openSafetensors(path);
    const stop = new AbortController();
    const { signal } = stop;
    const reads = [
      source.read("big", { signal }),
      source.readRows("big", { start: 0, end: 2, signal }),
    ];
    const settled = Promise.allSettled(reads);
    stop.abort(new Error("stopped"));
    for (const read of await settled) {
      expect(read).toMatchObject({ status: "rejected", reason: { message: "stopped" } });
    }
    expect((await source.read("big")).data).toHaveLength(size);
    const memory = await openSafetensorsBytes(bytes);
    await expect(memory.read("rows", { signal })).rejects.toThrow("stopped");
  });

  it("reads the far end of a file of more than 4 GiB without reading the rest", async () => {
    const middle = 5 * 2 ** 30;
    const header = Buffer.from(
      JSON.stringify({
        big: { dtype: "F32", shape: [middle / 1024, 256], data_offsets: [0, middle] },
        end: { dtype: "U8", shape: [4], data_offsets: [middle, middle + 4] },
      }),
    );
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(header.length));
    const path = join(folder, "big.safetensors");
    const handle = await open(path, "w");
    const dataOffset = 8 + header.length;
    await handle.write(Buffer.concat([start, header]), 0, dataOffset, 0);
    await handle.truncate(dataOffset + middle + 4);
    await handle.write(Uint8Array.of(1, 2, 3, 4), 0, 4, dataOffset + middle);
    const lastRow = Float32Array.from({ length: 256 }, (_, i) => i);
    await handle.write(new Uint8Array(lastRow.buffer), 0, 1024, dataOffset + middle - 1024);
    await handle.close();

    await using source = await openSafetensors(path);
    expect((await source.read("end")).data).toEqual(Uint8Array.of(1, 2, 3, 4));
    const last = middle / 1024;
    const part = await source.readRows("big", { start: last - 2, end: last });
    expect(part.shape).toEqual([2, 256]);
    expect(part.data.slice(0, 256)).toEqual(new Float32Array(256));
    expect(part.data.slice(256)).toEqual(lastRow);
  });

  it("fails with our error where a tensor cannot fit into memory", async () => {
    const size = 2 ** 50;
    const header = Buffer.from(
      JSON.stringify({ huge: { dtype: "U8", shape: [size], data_offsets: [0, size] } }),
    );
    const path = join(folder, "huge.safetensors");
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(header.length));
    await writeFile(path, Buffer.concat([start, header]));
    const grown = await truncate(path, 8 + header.length + size).then(
      () => true,
      () => false, // this file system holds no file of that size
    );
    if (!grown) return;
    await using source = await openSafetensors(path);
    await expect(source.read("huge")).rejects.toThrow(/Expected memory for \d+ bytes .*readRows/);
  });
});
