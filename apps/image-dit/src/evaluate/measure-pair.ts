import { type AttentionStrategy, denseAttention } from "@paroattn/attention";
import { compareWithReference, type GenerateResult, type Picture } from "@paroattn/pipelines";
import { checkCaption, parseCaption, SampleImageError } from "@paroattn/sample-image";
import type { PairResult } from "./pair-result.js";
import type { PictureStore } from "./picture-store.js";

/** Draws the picture of one prompt and seed. */
export type Draw = (attention: AttentionStrategy) => Promise<GenerateResult>;

/**
 * Draws a picture with `attention` and with dense FP32 attention, one right after the other, and compares the two. The
 * machine may be busy with other things now and then; runs that are neighbours in time meet them alike.
 */
export async function measurePair(options: {
  readonly attention: AttentionStrategy;
  readonly prompt: string;
  readonly draw: Draw;
  /** Which of the two goes first; whoever measures several pairs takes turns. */
  readonly denseFirst: boolean;
  readonly pictures: PictureStore;
}): Promise<PairResult> {
  const { attention, prompt, draw, denseFirst, pictures } = options;
  const before = denseFirst ? await draw(denseAttention()) : undefined;
  const measured = await draw(attention);
  const dense = before ?? (await draw(denseAttention()));
  const picture = measured.images[0]!;
  const reference = dense.images[0]!;
  const { psnr, ...fidelity } = compareWithReference(reference, picture);
  return {
    density: measured.report.density,
    simulated: measured.report.arithmetic === "simulated",
    psnr: Number.isFinite(psnr) ? psnr : null,
    ...fidelity,
    captionRight: captionRight(picture, prompt),
    denseCaptionRight: captionRight(reference, prompt),
    attentionMs: measured.timings.attentionMs,
    loopMs: measured.timings.loopMs,
    denseAttentionMs: dense.timings.attentionMs,
    denseLoopMs: dense.timings.loopMs,
    picture: await pictures.put(picture),
    densePicture: await pictures.put(reference),
    measuredAt: new Date().toISOString(),
  };
}

/** The checker knows the sample scenes only, and an empty caption says nothing that could be wrong. */
function captionRight(picture: Picture, prompt: string): boolean | null {
  try {
    if (parseCaption(prompt).objects.length === 0) return null;
  } catch (error) {
    if (SampleImageError.isInstance(error)) return null;
    throw error;
  }
  return checkCaption(picture, prompt).correct;
}
