import { type AttentionStrategy, denseAttention } from "@paroattn/attention";
import { compareWithReference, type GenerateResult } from "@paroattn/pipelines";
import type { App, Drawing } from "../app.js";
import type { DrawingStore } from "./drawing-store.js";
import type { PairResult } from "./pair-result.js";

/** Draws one prompt with one seed. */
export type Draw = (attention: AttentionStrategy) => Promise<GenerateResult>;

const UNKNOWN_MOTION = { reference: null, caption: null };

/**
 * Draws a picture or video with `attention` and with dense FP32 attention, one right after the other, and compares the two. The
 * machine may be busy with other things now and then; runs that are neighbours in time meet them alike.
 */
export async function measurePair(options: {
  readonly app: Pick<App, "captionRight" | "motionError">;
  readonly attention: AttentionStrategy;
  readonly prompt: string;
  readonly draw: Draw;
  /** Which of the two goes first; whoever measures several pairs takes turns. */
  readonly denseFirst: boolean;
  readonly drawings: DrawingStore;
}): Promise<PairResult> {
  const { app, attention, prompt, draw, denseFirst, drawings } = options;
  const before = denseFirst ? await draw(denseAttention()) : undefined;
  const measured = await draw(attention);
  const dense = before ?? (await draw(denseAttention()));
  const { images } = measured;
  const { psnr, ...fidelity } = compareWithReference(dense.images, images);
  const motionOf = (images: Drawing) =>
    app.motionError?.(images, { reference: dense.images, caption: prompt }) ?? UNKNOWN_MOTION;
  return {
    density: measured.report.density,
    denseShare: measured.report.denseShare,
    cacheBytes: measured.report.cacheBytes,
    simulated: measured.report.arithmetic === "simulated",
    psnr: Number.isFinite(psnr) ? psnr : null,
    ...fidelity,
    captionRight: app.captionRight(images, prompt),
    denseCaptionRight: app.captionRight(dense.images, prompt),
    motion: motionOf(images),
    denseMotion: motionOf(dense.images),
    attentionMs: measured.timings.attentionMs,
    loopMs: measured.timings.loopMs,
    denseAttentionMs: dense.timings.attentionMs,
    denseLoopMs: dense.timings.loopMs,
    picture: await drawings.put(images),
    densePicture: await drawings.put(dense.images),
    measuredAt: new Date().toISOString(),
  };
}
