import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  encodeSafetensors,
  InvalidTensorError,
  openSafetensors,
  SafetensorsError,
  type Tensor,
  tensor,
  writeFileAtomically,
  writeSafetensors,
} from "../src/index.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tensor-write-"));
  path = join(folder, "weights.safetensors");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const samples: Record<string, Tensor> = {
  "10": tensor({ dtype: "u8", shape: [3], data: Uint8Array.of(1, 2, 255) }),
  "2": tensor({ dtype: "i8", shape: [1, 2], data: Int8Array.of(-128, 127) }),
  half: tensor({ dtype: "f16", shape: [2], data: Uint16Array.of(0x3c00, 0x7e01) }),
  brain: tensor({ dtype: "bf16", shape: [1], data: Uint16Array.of(0x3f80) }),
  "größe 💡": tensor({ dtype: "i32", shape: [], data: Int32Array.of(-7) }),
  empty: tensor({ dtype: "f32", shape: [0, 4], data: new Float32Array(0) }),
  float: tensor({ dtype: "f32", shape: [2, 2], data: Float32Array.of(1, -0, Infinity, 1e-40) }),
};

describe("writeSafetensors", () => {
  it("writes what openSafetensors reads back, every dtype and shape", async () => {
    await writeSafetensors(path, { tensors: samples, metadata: { format: "pt", 'quote"': "ü" } });
    await using file = await openSafetensors(path);
    expect([...file.names].sort()).toEqual(Object.keys(samples).sort());
    expect(file.metadata).toEqual({ format: "pt", 'quote"': "ü" });
    for (const [name, expected] of Object.entries(samples)) {
      expect(await file.read(name)).toEqual(expected);
      const { byteOffset, dtype } = file.info(name);
      const width = dtype.endsWith("32") ? 4 : dtype.endsWith("16") ? 2 : 1;
      expect(byteOffset % width).toBe(0);
    }
    expect(await readdir(folder)).toEqual(["weights.safetensors"]);
  });

  it("gives the same bytes whatever the order, and as encodeSafetensors", async () => {
    const metadata = { b: "2", a: "1" };
    await writeSafetensors(path, { tensors: Object.entries(samples).reverse(), metadata });
    const bytes = new Uint8Array(await readFile(path));
    expect(bytes).toEqual(encodeSafetensors({ tensors: samples, metadata: { a: "1", b: "2" } }));
  });

  it("writes views at their offset", async () => {
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    await writeSafetensors(path, { tensors: { view: tensor({ dtype: "f32", shape: [2], data }) } });
    await using file = await openSafetensors(path);
    expect((await file.read("view")).data).toEqual(Float32Array.of(1, 2));
  });

  it("takes streamed tensors, and refuses too few or too many bytes", async () => {
    const stream = (chunks: Uint8Array[]) => ({ dtype: "u8" as const, shape: [4], chunks });
    const tensors = { a: stream([Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4)]) };
    await writeSafetensors(path, { tensors });
    await using file = await openSafetensors(path);
    expect((await file.read("a")).data).toEqual(Uint8Array.of(1, 2, 3, 4));
    for (const chunks of [[Uint8Array.of(1)], [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5)]]) {
      const other = join(folder, "other.safetensors");
      await expect(writeSafetensors(other, { tensors: { a: stream(chunks) } })).rejects.toThrow(
        /Expected 4 bytes in the chunks of "a" but found (1|more)$/,
      );
    }
    expect(await readdir(folder)).toEqual(["weights.safetensors"]);
  });

  it("leaves the old file and no temporary one when a stream fails", async () => {
    await writeFile(path, "old");
    async function* chunks() {
      yield new Uint8Array(8);
      throw new Error("the source broke");
    }
    const tensors = { a: { dtype: "u8" as const, shape: [16], chunks: chunks() } };
    await expect(writeSafetensors(path, { tensors })).rejects.toThrow("the source broke");
    expect(await readdir(folder)).toEqual(["weights.safetensors"]);
    expect(await readFile(path, "utf8")).toBe("old");
  });

  it("stops at the signal and leaves nothing", async () => {
    const stop = new AbortController();
    async function* chunks() {
      yield new Uint8Array(8);
      stop.abort(new Error("stopped"));
      yield new Uint8Array(8);
    }
    const tensors = { a: { dtype: "u8" as const, shape: [16], chunks: chunks() } };
    const writing = writeSafetensors(path, { tensors, signal: stop.signal });
    await expect(writing).rejects.toThrow("stopped");
    expect(await readdir(folder)).toEqual([]);
  });

  it("names the path when it cannot be written, and removes the temporary file", async () => {
    const missing = join(folder, "no", "such.safetensors");
    const error = await writeSafetensors(missing, { tensors: samples }).catch((e: unknown) => e);
    expect(SafetensorsError.isInstance(error)).toBe(true);
    expect((error as Error).message).toContain(missing);
    expect((error as Error).message).toContain("ENOENT");

    await mkdir(path); // the rename fails: a folder is in the way
    await expect(writeSafetensors(path, { tensors: samples })).rejects.toThrow(SafetensorsError);
    expect(await readdir(folder)).toEqual(["weights.safetensors"]);
  });

  it.skipIf(process.getuid?.() === 0)("names an unwritable folder", async () => {
    await chmod(folder, 0o500);
    await expect(writeSafetensors(path, { tensors: samples })).rejects.toThrow("EACCES");
  });

  it("reports a full disk and the path", async () => {
    // A disk cannot be filled here, so the system's error is thrown where the write would throw it.
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    const writing = writeFileAtomically(path, {
      write: async (file) => {
        await file.writeFile("half of it");
        throw full;
      },
    });
    await expect(writing).rejects.toThrow(
      `found ENOSPC: no space left on device, write in ${path}`,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses tensors that do not fit, names twice and the reserved name", async () => {
    const a = samples.float!;
    const wrong = { ...a, shape: [3] };
    const refused = [
      { tensors: { wrong } },
      {
        tensors: [
          ["a", a],
          ["a", a],
        ] as [string, Tensor][],
      },
    ];
    for (const options of [...refused, { tensors: { __metadata__: a } }]) {
      await expect(writeSafetensors(path, options)).rejects.toThrow(InvalidTensorError);
    }
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("writeFileAtomically", () => {
  it("writes bytes or a string, over what was there", async () => {
    await writeFile(path, "what was there before");
    await writeFileAtomically(path, { data: "größe" });
    expect(await readFile(path, "utf8")).toBe("größe");
    await writeFileAtomically(path, { data: Uint8Array.of(1, 2, 3) });
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    expect(await readdir(folder)).toEqual(["weights.safetensors"]);
  });

  it("stops at the signal and leaves the old file", async () => {
    await writeFile(path, "old");
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(writeFileAtomically(path, { data: "new", signal })).rejects.toThrow("stopped");
    const stop = new AbortController();
    const write = async () => stop.abort(new Error("stopped later"));
    await expect(writeFileAtomically(path, { write, signal: stop.signal })).rejects.toThrow(
      "stopped later",
    );
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["weights.safetensors"]);
  });

  it("names the path that cannot be written", async () => {
    const missing = join(folder, "no", "report.json");
    await expect(writeFileAtomically(missing, { data: "{}" })).rejects.toThrow(`in ${missing}`);
  });
});
