import { saveResult } from "../../results/result.js";
import { benchClip, type ClipLine } from "./clip.js";

/** Measures the layer, tells each line, and writes a result file where that is asked for. */
export async function runClip(
  options: Parameters<typeof benchClip>[0] & {
    readonly save: boolean;
    readonly onLine: (line: ClipLine) => void;
  },
): Promise<void> {
  const lines: ClipLine[] = [];
  for await (const line of benchClip(options)) {
    lines.push(line);
    options.onLine(line);
  }
  if (!options.save) return;
  const path = await saveResult({ suite: "clip", threads: options.threads, lines });
  process.stderr.write(`wrote ${path}\n`);
}
