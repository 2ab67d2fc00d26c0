import { type AttentionStrategy, denseAttention } from "@paroattn/attention";
import { compareWithReference } from "@paroattn/pipelines";
import type { App } from "../app.js";
import type { ExactStore } from "../evaluate/drawing-store.js";
import type { Draw } from "../evaluate/measure-pair.js";
import type { Reference, RunResult } from "./run-result.js";

/**
 * Draws one subject with `attention` and compares it with dense fp32 attention of the same seed: with the kept reference, or,
 * for a speed and where there is no reference yet, with a dense run right before or after it.
 */
export async function measureRun(options: {
  readonly captionRight: App["captionRight"];
  readonly attention: AttentionStrategy;
  readonly prompt: string;
  readonly draw: Draw;
  readonly reference: Reference | undefined;
  /** Whether a dense run goes beside it although there is a reference. */
  readonly timed: boolean;
  /** Which of the two goes first; whoever measures several subjects takes turns. */
  readonly denseFirst: boolean;
  readonly frames: number;
  readonly drawings: ExactStore;
}): Promise<{ readonly run: RunResult; readonly reference: Reference }> {
  const { captionRight, attention, prompt, draw, denseFirst, frames, drawings } = options;
  const beside = options.timed || options.reference === undefined;
  const before = beside && denseFirst ? await draw(denseAttention()) : undefined;
  const measured = await draw(attention);
  const dense = before ?? (beside ? await draw(denseAttention()) : undefined);
  const measuredAt = new Date().toISOString();
  const reference = options.reference ?? {
    picture: await drawings.put(dense!.images),
    captionRight: captionRight(dense!.images, prompt),
    measuredAt,
  };
  const expected = dense?.images ?? (await drawings.read(reference.picture, frames));
  const { psnr, ...fidelity } = compareWithReference(expected, measured.images);
  const run = {
    density: measured.report.density,
    simulated: measured.report.arithmetic === "simulated",
    psnr: Number.isFinite(psnr) ? psnr : null,
    ...fidelity,
    captionRight: captionRight(measured.images, prompt),
    times: timesOf(measured),
    denseTimes: dense === undefined ? null : timesOf(dense),
    picture: await drawings.put(measured.images),
    measuredAt,
  };
  return { run, reference };
}

function timesOf({ timings: { attentionMs, loopMs } }: Awaited<ReturnType<Draw>>) {
  return { attentionMs, loopMs };
}
