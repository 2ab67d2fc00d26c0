import type { Picture } from "@paroattn/pipelines";
import { writeFileAtomically } from "@paroattn/tensor";
import sharp from "sharp";

/** A picture as PNG. */
export function encodePicture({ width, height, data }: Picture): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Writes a PNG through a temporary name. */
export async function writePicture(path: string, picture: Picture): Promise<void> {
  await writeFileAtomically(path, { data: await encodePicture(picture) });
}

/** The absolute difference of two pictures of one size, `gain` times enlarged so that small errors can be seen. */
export function differencePicture(a: Picture, b: Picture, gain: number): Picture {
  const data = a.data.map((value, index) => Math.min(255, gain * Math.abs(value - b.data[index]!)));
  return { width: a.width, height: a.height, data };
}
