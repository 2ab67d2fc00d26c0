import sharp from "sharp";
import type { Drawing } from "../app.js";

/** Frames a second that the CogVideoX family was trained on. */
export const DEFAULT_FPS = 8;

/** Centiseconds are what a GIF counts in, milliseconds what a WebP does. */
const TICK_MS = { webp: 1, gif: 10 } as const;

/** Frames in one column, for libraries that take an animation as one tall picture. */
export function stackFrames(drawing: Drawing): Uint8Array {
  const [first] = drawing;
  const stacked = new Uint8Array(drawing.length * first!.data.length);
  for (const [index, { data }] of drawing.entries()) stacked.set(data, index * data.length);
  return stacked;
}

/** How long each frame is shown, in milliseconds of whole ticks whose sum stays with the time that has passed. */
export function frameDelays(frames: number, { fps, tickMs }: { fps: number; tickMs: number }) {
  const end = (frame: number) => Math.round((frame * 1000) / (fps * tickMs)) * tickMs;
  return Array.from({ length: frames }, (_, frame) => end(frame + 1) - end(frame));
}

/** An animation that repeats. WebP is near to the frames themselves, or with `lossless` equal to them; a GIF has 256 colours. */
export async function encodeAnimation(
  drawing: Drawing,
  options: {
    readonly format: "webp" | "gif";
    /** Frames a second. Default: 8. */
    readonly fps?: number;
    readonly lossless?: boolean;
  },
): Promise<Buffer> {
  const { format, fps = DEFAULT_FPS, lossless = false } = options;
  const { width, height } = drawing[0]!;
  const delay = frameDelays(drawing.length, { fps, tickMs: TICK_MS[format] });
  const image = sharp(stackFrames(drawing), {
    raw: { width, height: height * drawing.length, channels: 3, pageHeight: height },
  });
  const encoded =
    format === "gif"
      ? image.gif({ delay, loop: 0 })
      : image.webp({ delay, loop: 0, lossless, quality: 95, smartSubsample: true });
  return encoded.toBuffer();
}
