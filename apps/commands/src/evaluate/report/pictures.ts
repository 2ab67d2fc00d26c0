import type { Drawing } from "../../app.js";
import { differencePicture } from "../../files/picture-file.js";
import { describeCombination } from "../combinations.js";
import type { DrawingStore, ExactStore } from "../drawing-store.js";
import type { EvaluationResults } from "../evaluation.js";
import type { PairResult } from "../pair-result.js";
import type { Subject } from "../subject.js";

/** Differences are small; they are shown so many times enlarged. */
export const DIFFERENCE_GAIN = 4;

/** What was drawn of one prompt and seed, as file names in the report's folder of pictures. */
export interface ShownSubject extends Subject {
  readonly denseRight: boolean | null;
  readonly size: { readonly width: number; readonly height: number };
  readonly combinations: readonly {
    readonly name: string;
    readonly pair: PairResult;
    readonly picture: string;
    readonly dense: string;
    /** Absolute difference from the dense picture, enlarged. */
    readonly difference: string;
  }[];
}

/** Brings pictures or videos and their differences into the report's folder; what is there already is left alone. */
export async function collectPictures(options: {
  readonly results: EvaluationResults;
  /** Prompts with a seed to show, from the first. */
  readonly count: number;
  /** Of a video. */
  readonly frames: number;
  readonly from: ExactStore;
  readonly to: DrawingStore;
  readonly signal: AbortSignal;
}): Promise<ShownSubject[]> {
  const { results, count, frames, from, to, signal } = options;
  const shown: ShownSubject[] = [];
  for (const [index, subject] of results.subjects.slice(0, count).entries()) {
    const combinations: ShownSubject["combinations"][number][] = [];
    let reference: Drawing | undefined;
    for (const [row, combination] of results.combinations.entries()) {
      signal.throwIfAborted();
      const pair = results.pairs[row]![index]!;
      const picture = await from.read(pair.picture, frames);
      const dense = await from.read(pair.densePicture, frames);
      reference ??= dense;
      const difference = dense.map((frame, index) =>
        differencePicture(frame, picture[index]!, DIFFERENCE_GAIN),
      );
      combinations.push({
        name: describeCombination(combination),
        pair,
        picture: await to.put(picture),
        dense: await to.put(dense),
        difference: await to.put(difference),
      });
    }
    const first = combinations[0]!.pair;
    const { width, height } = reference![0]!;
    shown.push({
      ...subject,
      denseRight: first.denseCaptionRight,
      size: { width, height },
      combinations,
    });
  }
  return shown;
}
