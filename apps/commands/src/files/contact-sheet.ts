import type { Picture } from "@paroattn/pipelines";

const GAP = 6;
/** Seen as neither black nor white beside pictures of either. */
const GAP_GREY = 128;
/** A picture smaller than this is enlarged by a whole number, to be seen. */
const LEAST_WIDTH = 160;

/** Pictures of one size in rows of one length, with gaps between; each pixel of a small one becomes a square. */
export function contactSheet(rows: readonly (readonly Picture[])[]): Picture {
  const { width, height } = rows[0]![0]!;
  const times = Math.ceil(LEAST_WIDTH / width);
  const [across, down] = [width * times + GAP, height * times + GAP];
  const sheetWidth = rows[0]!.length * across - GAP;
  const sheetHeight = rows.length * down - GAP;
  const data = new Uint8Array(3 * sheetWidth * sheetHeight).fill(GAP_GREY);
  for (const [row, pictures] of rows.entries()) {
    for (const [column, picture] of pictures.entries()) {
      for (let y = 0; y < height * times; y++) {
        const from = 3 * width * Math.floor(y / times);
        const to = 3 * ((row * down + y) * sheetWidth + column * across);
        for (let x = 0; x < width * times; x++) {
          const pixel = from + 3 * Math.floor(x / times);
          data.set(picture.data.subarray(pixel, pixel + 3), to + 3 * x);
        }
      }
    }
  }
  return { width: sheetWidth, height: sheetHeight, data };
}
