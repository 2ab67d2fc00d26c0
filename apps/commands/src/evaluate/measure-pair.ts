import { type AttentionStrategy, denseAttention } from "@paroattn/attention";
import { compareWithReference, type GenerateResult } from "@paroattn/pipelines";
import type { App } from "../app.js";
import type { DrawingStore } from "./drawing-store.js";
import type { PairResult } from "./pair-result.js";

/** Draws one prompt with one seed. */
export type Draw = (attention: AttentionStrategy) => Promise<GenerateResult>;

/**
 * Draws a picture or video with `attention` and with dense FP32 attention, one right after the other, and compares the two. The
 * machine may be busy with other things now and then; runs that are neighbours in time meet them alike.
 */
export async function measurePair(options: {
  readonly captionRight: App["captionRight"];
  readonly attention: AttentionStrategy;
  readonly prompt: string;
  readonly draw: Draw;
  /** Which of the two goes first; whoever measures several pairs takes turns. */
  readonly denseFirst: boolean;
  readonly drawings: DrawingStore;
}): Promise<PairResult> {
  const { captionRight, attention, prompt, draw, denseFirst, drawings } = options;
  const before = denseFirst ? await draw(denseAttention()) : undefined;
  const measured = await draw(attention);
  const dense = before ?? (await draw(denseAttention()));
  const { images } = measured;
  const { psnr, ...fidelity } = compareWithReference(dense.images, images);
  return {
    density: measured.report.density,
    simulated: measured.report.arithmetic === "simulated",
    psnr: Number.isFinite(psnr) ? psnr : null,
    ...fidelity,
    captionRight: captionRight(images, prompt),
    denseCaptionRight: captionRight(dense.images, prompt),
    attentionMs: measured.timings.attentionMs,
    loopMs: measured.timings.loopMs,
    denseAttentionMs: dense.timings.attentionMs,
    denseLoopMs: dense.timings.loopMs,
    picture: await drawings.put(images),
    densePicture: await drawings.put(dense.images),
    measuredAt: new Date().toISOString(),
  };
}
