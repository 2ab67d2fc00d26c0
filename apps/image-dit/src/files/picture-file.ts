import { randomBytes } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import type { Picture } from "@paroattn/pipelines";
import { writeFileAtomically } from "@paroattn/tensor";
import sharp from "sharp";
import { OutputError } from "./output-error.js";

/** Writes a PNG through a temporary name. */
export async function writePicture(path: string, picture: Picture): Promise<void> {
  const { width, height, data } = picture;
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  await writeFileAtomically(path, { data: png });
}

/** The absolute difference of two pictures of one size, `gain` times enlarged so that small errors can be seen. */
export function differencePicture(a: Picture, b: Picture, gain: number): Picture {
  const data = a.data.map((value, index) => Math.min(255, gain * Math.abs(value - b.data[index]!)));
  return { width: a.width, height: a.height, data };
}

/**
 * Fails now, rather than after the work, when a file cannot be put there.
 *
 * @throws OutputError naming the path and the reason.
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const existing = await stat(path).catch(() => undefined);
    if (existing?.isDirectory()) throw new Error("a folder has this name");
    // Tried, not asked: a folder that is writable by its permissions may still take no files.
    const trial = `${path}.${randomBytes(6).toString("hex")}.tmp`;
    await (await open(trial, "wx")).close();
    await rm(trial, { force: true });
  } catch (error) {
    throw new OutputError(path, error);
  }
}
