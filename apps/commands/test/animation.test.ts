import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodeAnimation, frameDelays, stackFrames } from "../src/files/animation.js";

const width = 12;
const height = 7;
const frames = Array.from({ length: 5 }, (_, frame) => ({
  width,
  height,
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 31 + frame * 77) % 256),
}));

describe("an animation", () => {
  it.each(["webp", "gif"] as const)("as %s has its frames and their times", async (format) => {
    const data = await encodeAnimation(frames, { format, fps: 8 });
    const found = await sharp(data, { animated: true }).metadata();
    expect(found).toMatchObject({ format, width, pageHeight: height, pages: 5, loop: 0 });
    const sum = found.delay!.reduce((total, delay) => total + delay, 0);
    expect(Math.abs(sum - 5 * 125)).toBeLessThanOrEqual(format === "gif" ? 5 : 0);
  });

  it("as WebP without loss is the frames, byte by byte", async () => {
    const data = await encodeAnimation(frames, { format: "webp", lossless: true });
    const pixels = await sharp(data, { animated: true }).removeAlpha().raw().toBuffer();
    expect(new Uint8Array(pixels)).toEqual(stackFrames(frames));
  });

  it("never strays by half a tick from the time that has passed", () => {
    for (const fps of [0.1, 7, 8, 23.976, 24, 29.97, 50, 60, 120]) {
      for (const tickMs of [1, 10]) {
        const delays = frameDelays(200, { fps, tickMs });
        let shown = 0;
        for (const [frame, delay] of delays.entries()) {
          shown += delay;
          expect(delay % tickMs).toBe(0);
          expect(Math.abs(shown - ((frame + 1) * 1000) / fps)).toBeLessThanOrEqual(
            tickMs / 2 + 1e-6,
          );
        }
      }
    }
  });
});
