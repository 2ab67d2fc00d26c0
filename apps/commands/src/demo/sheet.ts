import type { Picture } from "@paroattn/pipelines";
import { type App, type Drawing, nounOf } from "../app.js";
import { contactSheet } from "../files/contact-sheet.js";
import { differencePicture } from "../files/picture-file.js";

/** Differences are small; they are shown enlarged. */
const DIFFERENCE_GAIN = 4;
/** Of a video, evenly apart from the first to the last. */
const SHOWN_FRAMES = 7;

/** Dense, PARO and their absolute difference: a picture's side by side, a video's one below the other, frames from left to right. */
export function comparisonSheet(dense: Drawing, paro: Drawing): Picture {
  const columns = evenly(dense.length, SHOWN_FRAMES).map((frame) => {
    const [one, other] = [dense[frame]!, paro[frame]!];
    return [one, other, differencePicture(one, other, DIFFERENCE_GAIN)];
  });
  const [first] = columns;
  if (columns.length === 1) return contactSheet([first!]);
  return contactSheet(first!.map((_, row) => columns.map((column) => column[row]!)));
}

/** What there is to see, in words. */
export function describeSheet(app: App): string {
  const what = `dense, PARO, absolute difference x${DIFFERENCE_GAIN}`;
  return nounOf(app) === "video" ? `${what}; ${SHOWN_FRAMES} frames` : what;
}

/** Up to `count` whole numbers below `length`, evenly apart from 0 to the last. */
function evenly(length: number, count: number): number[] {
  const numbers = Math.min(length, count);
  return Array.from({ length: numbers }, (_, index) =>
    numbers === 1 ? 0 : Math.round((index * (length - 1)) / (numbers - 1)),
  );
}
