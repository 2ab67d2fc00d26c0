import { formatTable } from "../terminal/table.js";
import { PAPER } from "./paper.js";
import type { Reproduction } from "./result.js";
import { counted, psnrCell } from "./tables.js";

/** A table for people, at most 80 columns wide. */
export function formatReproduction(result: Reproduction): string {
  const { prompts, seeds, steps, rows, denseCaptions, model } = result;
  const times = (speedup: number | undefined) =>
    speedup === undefined ? "" : `${speedup.toFixed(2)}x`;
  return [
    formatTable([
      ["", "density", "PSNR dB", "paper", "captions", "attention", "loop"],
      ...rows.map((row) => [
        row.name,
        row.densityMet.mean.toFixed(3),
        psnrCell(row),
        PAPER[row.name]?.psnr?.toFixed(2) ?? "",
        row.captions === null ? "" : `${row.captions.right}/${row.captions.judged}`,
        times(row.attention?.speedup),
        times(row.loop?.speedup),
      ]),
    ]),
    "",
    `${model.name}, ${steps} steps, ${counted(prompts.length, "prompt")} x ${counted(seeds.length, "seed")}, mean ± standard deviation`,
    `against dense fp32 of the same seed${denseCaptions === null ? "" : ` (${denseCaptions.right}/${denseCaptions.judged} captions right)`}`,
  ].join("\n");
}
