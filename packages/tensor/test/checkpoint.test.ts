import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint, SafetensorsError, tensor, writeSafetensors } from "../src/index.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tensor-checkpoint-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const baseName = "diffusion_pytorch_model";
const value = (...data: number[]) =>
  tensor({ dtype: "f32", shape: [data.length], data: Float32Array.from(data) });

async function write(file: string, names: Record<string, number>): Promise<void> {
  const tensors = Object.fromEntries(Object.entries(names).map(([k, v]) => [k, value(v)]));
  await writeSafetensors(join(folder, file), { tensors, metadata: { [file]: "here" } });
}

async function writeShards(infix = "", indexInfix = ""): Promise<void> {
  const shards = [
    `${baseName}${infix}-00001-of-00002.safetensors`,
    `${baseName}${infix}-00002-of-00002.safetensors`,
  ];
  await write(shards[0]!, { a: 1, b: 2 });
  await write(shards[1]!, { c: 3 });
  await writeIndex({ a: shards[0], c: shards[1], b: shards[0] }, indexInfix);
}

function writeIndex(weightMap: unknown, infix = ""): Promise<void> {
  const index = { metadata: { total_size: 12 }, weight_map: weightMap };
  return writeFile(
    join(folder, `${baseName}.safetensors.index.${infix}json`),
    JSON.stringify(index),
  );
}

async function refusal(options: { baseName: string; variant?: string } = { baseName }) {
  const error = await openCheckpoint(folder, options).catch((e: unknown) => e);
  expect(SafetensorsError.isInstance(error)).toBe(true);
  expect((error as Error).message).toContain(folder);
  return (error as Error).message;
}

describe("openCheckpoint", () => {
  it("opens a single file", async () => {
    await write("model.safetensors", { w: 4 });
    await using checkpoint = await openCheckpoint(folder, { baseName: "model" });
    expect(checkpoint.names).toEqual(["w"]);
    expect(await checkpoint.read("w")).toEqual(value(4));
    expect(checkpoint.files).toEqual([join(folder, "model.safetensors")]);
  });

  it("opens shards as one, and closes all of them", async () => {
    await writeShards();
    const checkpoint = await openCheckpoint(folder, { baseName });
    expect(checkpoint.names).toEqual(["a", "c", "b"]);
    const read = await Promise.all(checkpoint.names.map((name) => checkpoint.read(name)));
    expect(read).toEqual([value(1), value(3), value(2)]);
    expect(await checkpoint.readRows("b", { start: 0, end: 1 })).toEqual(value(2));
    expect(checkpoint.info("c").path).toMatch(/00002-of-00002/);
    expect(Object.values(checkpoint.metadata)).toEqual(["here", "here"]);
    expect(checkpoint.files).toHaveLength(2);
    expect(checkpoint.has("d")).toBe(false);
    await expect(checkpoint.read("d")).rejects.toThrow('a tensor named "d" but found 3 others');
    await checkpoint.close();
    await expect(checkpoint.read("a")).rejects.toThrow("closed");
    await expect(checkpoint.read("c")).rejects.toThrow("closed");
  });

  it("prefers the plain name, takes a lone variant, and asks where there are several", async () => {
    await write(`${baseName}.fp16.safetensors`, { w: 16 });
    const only = await openCheckpoint(folder, { baseName });
    expect(await only.read("w")).toEqual(value(16));
    await only.close();

    await write(`${baseName}.bf16.safetensors`, { w: 17 });
    expect(await refusal()).toContain(
      `one variant of ${baseName} to be chosen but found bf16, fp16`,
    );
    await using chosen = await openCheckpoint(folder, { baseName, variant: "bf16" });
    expect(await chosen.read("w")).toEqual(value(17));

    await write(`${baseName}.safetensors`, { w: 32 });
    await using plain = await openCheckpoint(folder, { baseName });
    expect(await plain.read("w")).toEqual(value(32));
    expect(await refusal({ baseName, variant: "fp8" })).toContain(`${baseName}.fp8.safetensors`);
  });

  it("opens the shards of a variant", async () => {
    await writeShards(".fp16", "fp16.");
    await using checkpoint = await openCheckpoint(folder, { baseName });
    expect(await checkpoint.read("c")).toEqual(value(3));
  });

  it("names the shard that is missing, and the weight that its shard lacks", async () => {
    await writeShards();
    const second = `${baseName}-00002-of-00002.safetensors`;
    await writeIndex({ a: second, c: second });
    const lacking = await refusal();
    expect(lacking).toContain('for tensor "a"');
    expect(lacking).toContain(second);
    await writeIndex({ c: second });
    await rm(join(folder, second));
    expect(await refusal()).toMatch(/ENOENT.*00002-of-00002/);
  });

  it("names the tensor that a shard holds and the index does not list there", async () => {
    await writeShards();
    const [first, second] = [1, 2].map((n) => `${baseName}-0000${n}-of-00002.safetensors`);
    await writeIndex({ a: first, c: second });
    expect(await refusal()).toBe(
      `Expected only tensors that "${baseName}.safetensors.index.json" lists in shard "${first}" but found one that it does not for tensor "b" in ${folder}`,
    );
  });

  it("refuses an index that is no index", async () => {
    await writeIndex(["a"]);
    expect(await refusal()).toContain("Expected an object weight_map but found an array of 1");
    for (const file of ["../elsewhere.safetensors", "a/b.safetensors", "weights.bin", 3]) {
      await writeIndex({ w: file });
      expect(await refusal()).toContain("the name of a .safetensors file beside the index");
    }
    await writeFile(join(folder, `${baseName}.safetensors.index.json`), "{");
    expect(await refusal()).toContain('an index in JSON but found "{"');
  });

  it("says what a folder without weights has instead", async () => {
    expect(await refusal()).toContain("found an empty folder");
    await writeFile(join(folder, `${baseName}.bin`), "pickle");
    expect(await refusal()).toContain(
      `Expected ${baseName}.safetensors or its index but found "${baseName}.bin"`,
    );
    await rm(folder, { recursive: true });
    expect(await refusal()).toContain("ENOENT");
  });
});
