import type { Fidelity } from "@paroattn/pipelines";
import type { App } from "../app.js";
import { formatSeconds } from "../terminal/format.js";
import { formatTable } from "../terminal/table.js";
import { describeSheet } from "./sheet.js";

/** One of the two that are drawn. Times are in milliseconds. */
export interface DemoDrawing {
  readonly file: string;
  /** Executed query-key pairs / all of them. */
  readonly density: number;
  readonly steps: number;
  /** Self-attention: front and kernel. */
  readonly attentionMs: number;
  /** The denoising loop. */
  readonly loopMs: number;
  /** With loading, decoding and writing. */
  readonly totalMs: number;
  /** What the caption checker says; null where it cannot read the prompt. */
  readonly correct: boolean | null;
}

/** What `--json` prints. */
export interface DemoResult extends Fidelity {
  readonly prompt: string;
  readonly seed: number;
  readonly densityAsked: number;
  readonly dense: DemoDrawing;
  readonly paro: DemoDrawing;
  /** A PNG file with both and their difference. */
  readonly sheet: string;
}

const VERDICTS = { true: "right", false: "wrong", null: "-" } as const;

/** A table of both, and the files. */
export function formatDemo(app: App, result: DemoResult, backend: string): string {
  const { prompt, seed, densityAsked, dense, paro, sheet, psnr, ssim, cosine } = result;
  const row = (title: string, key: "attentionMs" | "loopMs" | "totalMs") => [
    title,
    formatSeconds(dense[key]),
    formatSeconds(paro[key]),
    `${(dense[key] / paro[key]).toFixed(2)}x`,
  ];
  const judge = ({ correct }: DemoDrawing) => VERDICTS[`${correct}`];
  const table = formatTable([
    ["", "dense", "PARO", "speedup"],
    ["density asked", "1", String(densityAsked), ""],
    ["density met", dense.density.toFixed(3), paro.density.toFixed(3), ""],
    row("attention", "attentionMs"),
    row(`loop, ${dense.steps} steps`, "loopMs"),
    row("total", "totalMs"),
    ["caption checker", judge(dense), judge(paro), ""],
  ]);
  return [
    `"${prompt}", seed ${seed}`,
    backend,
    "",
    table,
    "",
    `PARO against dense: PSNR ${psnr.toFixed(2)} dB, SSIM ${ssim.toFixed(4)}, cosine ${cosine.toFixed(4)}`,
    "",
    dense.file,
    paro.file,
    `${sheet} (${describeSheet(app)})`,
  ].join("\n");
}
