import { extname } from "node:path";
import { type App, nounOf } from "../app.js";
import { UsageError } from "../terminal/run-command.js";

const LONGEST_SLUG = 48;

/** "A red circle!" with seed 7 -> "a-red-circle-7.png"; an empty prompt is "picture-7.png". */
function defaultName(app: App, prompt: string, seed: number): string {
  const slug = prompt
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST_SLUG)
    .replace(/^-+|-+$/g, "");
  return `${slug || nounOf(app)}-${seed}${app.files.extensions[0]}`;
}

/**
 * The file of each picture or video: `out` itself for one, "name-1.png", "name-2.png", ... for several;
 * without `out` a name made of the prompt and the seed.
 *
 * @throws UsageError when the app does not write files like `out`.
 */
export function outputNames(
  app: App,
  options: {
    readonly out: string | undefined;
    readonly prompt: string;
    readonly seeds: readonly number[];
  },
): string[] {
  const { out, prompt, seeds } = options;
  if (out === undefined) return seeds.map((seed) => defaultName(app, prompt, seed));
  const extension = extname(out);
  const { extensions } = app.files;
  if (!extensions.includes(extension.toLowerCase())) {
    throw new UsageError(`Expected --out to end in ${listed(extensions)} but found '${out}'`);
  }
  if (seeds.length === 1) return [out];
  const name = out.slice(0, -extension.length);
  return seeds.map((_, index) => `${name}-${index + 1}${extension}`);
}

/** ".webp, .gif or .mp4". */
function listed(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
