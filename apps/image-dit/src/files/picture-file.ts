import { constants } from "node:fs";
import { access, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import sharp from "sharp";
import { OutputError, writeThroughTemporary } from "./temporary-file.js";

/** 8-bit RGB, rows from the top, three bytes a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Writes a PNG through a temporary name. */
export async function writePicture(path: string, picture: Picture): Promise<void> {
  const { width, height, data } = picture;
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  await writeThroughTemporary(path, (temporary) => writeFile(temporary, png));
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
    await access(dirname(path), constants.W_OK);
    const existing = await stat(path).catch(() => undefined);
    if (existing?.isDirectory()) throw new Error("a folder has this name");
  } catch (error) {
    throw new OutputError(path, error);
  }
}
