import { extname } from "node:path";
import { UsageError } from "../terminal/run-command.js";

const LONGEST_SLUG = 48;

/** "A red circle!" with seed 7 -> "a-red-circle-7.png"; an empty prompt is "picture-7.png". */
function defaultName(prompt: string, seed: number): string {
  const slug = prompt
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST_SLUG)
    .replace(/^-+|-+$/g, "");
  return `${slug || "picture"}-${seed}.png`;
}

/**
 * The file of each picture: `out` itself for one picture, "name-1.png", "name-2.png", ... for several;
 * without `out` a name made of the prompt and the picture's seed.
 *
 * @throws UsageError when `out` does not end in .png.
 */
export function outputNames(options: {
  readonly out: string | undefined;
  readonly prompt: string;
  readonly seeds: readonly number[];
}): string[] {
  const { out, prompt, seeds } = options;
  if (out === undefined) return seeds.map((seed) => defaultName(prompt, seed));
  if (extname(out).toLowerCase() !== ".png") {
    throw new UsageError(`Expected --out to end in .png but found '${out}'`);
  }
  if (seeds.length === 1) return [out];
  return seeds.map((_, index) => `${out.slice(0, -4)}-${index + 1}.png`);
}
