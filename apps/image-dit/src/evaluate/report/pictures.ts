import type { Picture } from "@paroattn/pipelines";
import { differencePicture } from "../../files/picture-file.js";
import { describeCombination } from "../combinations.js";
import type { EvaluationResults, Subject } from "../evaluation.js";
import type { PairResult } from "../pair-result.js";
import type { PictureStore } from "../picture-store.js";

/** Differences are small; they are shown so many times enlarged. */
export const DIFFERENCE_GAIN = 4;

/** The pictures of one prompt and seed, as file names in the report's folder of pictures. */
export interface ShownSubject extends Subject {
  readonly denseRight: boolean | null;
  readonly size: { readonly width: number; readonly height: number };
  readonly combinations: readonly {
    readonly name: string;
    readonly pair: PairResult;
    /** Absolute difference from the dense picture, enlarged. */
    readonly difference: string;
  }[];
}

/** Brings pictures and their differences into the report's folder; what is there already is left alone. */
export async function collectPictures(options: {
  readonly results: EvaluationResults;
  /** Prompts with a seed to show, from the first. */
  readonly count: number;
  readonly from: PictureStore;
  readonly to: PictureStore;
  readonly signal: AbortSignal;
}): Promise<ShownSubject[]> {
  const { results, count, from, to, signal } = options;
  const shown: ShownSubject[] = [];
  for (const [index, subject] of results.subjects.slice(0, count).entries()) {
    const combinations: ShownSubject["combinations"][number][] = [];
    let reference: Picture | undefined;
    for (const [row, combination] of results.combinations.entries()) {
      signal.throwIfAborted();
      const pair = results.pairs[row]![index]!;
      const picture = await from.read(pair.picture);
      const dense = await from.read(pair.densePicture);
      reference ??= dense;
      await to.put(picture);
      await to.put(dense);
      const difference = await to.put(differencePicture(dense, picture, DIFFERENCE_GAIN));
      combinations.push({ name: describeCombination(combination), pair, difference });
    }
    const first = combinations[0]!.pair;
    const { width, height } = reference!;
    shown.push({
      ...subject,
      denseRight: first.denseCaptionRight,
      size: { width, height },
      combinations,
    });
  }
  return shown;
}
