import { extname } from "node:path";
import { type DrawingFiles, encodeAnimation, UsageError } from "@paroattn/commands";
import { writeFileAtomically } from "@paroattn/tensor";
import { checkFfmpeg, writeMp4 } from "./mp4.js";

/** Browsers take frames of under 20 ms for a mistake and show them for 100. */
const FASTEST_GIF = 50;

/** Videos by extension: WebP and GIF through sharp, MP4 through the system's ffmpeg. */
export const videoFiles: DrawingFiles = {
  extensions: [".webp", ".gif", ".mp4"],
  description: "WebP, GIF or MP4 file",
  async check(file, { fps }) {
    const format = formatOf(file);
    if (format === "mp4") await checkFfmpeg(file);
    if (format === "gif" && fps > FASTEST_GIF) {
      throw new UsageError(
        `Expected --fps up to ${FASTEST_GIF} for a GIF, as browsers slow faster ones down, but found ${fps}`,
      );
    }
  },
  async write(file, drawing, { fps, signal }) {
    const format = formatOf(file);
    if (format === "mp4") return writeMp4(file, { frames: drawing, fps, signal });
    const data = await encodeAnimation(drawing, { format, fps });
    await writeFileAtomically(file, { data, signal });
  },
};

/** Of a name that ends in one of the extensions. */
function formatOf(file: string) {
  return extname(file).slice(1).toLowerCase() as "webp" | "gif" | "mp4";
}
