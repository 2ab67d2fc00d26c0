import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { imageApp } from "../../image-dit/src/app.js";
import { checkWritable } from "../src/files/check-writable.js";
import { makeFolder } from "../src/files/make-folder.js";
import { outputNames } from "../src/files/output-names.js";
import { differencePicture, writePicture } from "../src/files/picture-file.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "image-dit-"));
});
afterEach(() => rm(folder, { recursive: true }));

const picture = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, i) => i * 13) };

describe("files", () => {
  it("writes a PNG that reads back the same", async () => {
    const file = join(folder, "a.png");
    await writePicture(file, picture);
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([3, 2, 3]);
    expect(new Uint8Array(data)).toEqual(picture.data);
  });

  it("refuses a place it cannot write to before the work", async () => {
    await expect(checkWritable(join(folder, "missing", "c.png"))).rejects.toThrow(/missing/);
    await expect(checkWritable(folder.replace(/\/[^/]*$/, ""))).rejects.toThrow(/folder/);
    await checkWritable(join(folder, "c.png"));
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(existsSync("/proc/self"))(
    "refuses a folder that takes no files by another rule than permissions",
    async () => {
      await expect(checkWritable("/proc/c.png")).rejects.toThrow("cannot write /proc/c.png");
      await expect(makeFolder("/proc/a/b")).rejects.toThrow("cannot write /proc/a/b");
    },
  );

  it("makes a folder with those above it, there or not", async () => {
    const deep = join(folder, "a", "b", "c");
    for (let time = 0; time < 2; time++) {
      await makeFolder(deep);
      expect((await stat(deep)).isDirectory()).toBe(true);
    }
    await writePicture(join(deep, "d.png"), picture);
    await expect(makeFolder(join(deep, "d.png"))).rejects.toThrow(/EEXIST/);
    await expect(makeFolder(join(deep, "d.png", "e"))).rejects.toThrow(/ENOTDIR/);
  });

  it("names the files of one and of several pictures", () => {
    const seeds = [7, 8];
    expect(outputNames(imageApp, { out: undefined, prompt: "A red circle!", seeds })).toEqual([
      "a-red-circle-7.png",
      "a-red-circle-8.png",
    ]);
    expect(outputNames(imageApp, { out: undefined, prompt: "", seeds: [1] })).toEqual([
      "picture-1.png",
    ]);
    expect(outputNames(imageApp, { out: "x/y.png", prompt: "", seeds })).toEqual([
      "x/y-1.png",
      "x/y-2.png",
    ]);
    expect(() => outputNames(imageApp, { out: "y.jpg", prompt: "", seeds })).toThrow(
      /\.png.*y\.jpg/,
    );
  });

  it("enlarges the absolute difference", () => {
    const other = { ...picture, data: picture.data.map((v) => v + 5) };
    expect(new Set(differencePicture(picture, other, 4).data)).toEqual(new Set([20]));
  });
});
