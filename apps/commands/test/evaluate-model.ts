import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { imageApp } from "../../image-dit/src/app.js";
import { calibrate } from "../src/calibrate/calibrate.js";
import { type EvaluateResult, evaluate } from "../src/evaluate/evaluate.js";
import type { EvaluateFlags } from "../src/evaluate/request.js";

const model = fileURLToPath(new URL("../../../fixtures/pixart-square", import.meta.url));
const never = new AbortController().signal;

export const CALIBRATION_PROMPT = "A blue star";
export const COMMAND_LINE = "image-dit evaluate --model pixart-square";

export interface Setting {
  /** A scratch folder; `work` in it holds the results. */
  readonly folder: string;
  readonly flags: EvaluateFlags;
  /** Evaluates with the flags, some of them changed or left out. */
  run(
    change?: { readonly [Flag in keyof EvaluateFlags]?: EvaluateFlags[Flag] | undefined },
    signal?: AbortSignal,
  ): Promise<EvaluateResult>;
}

/** What goes to standard error while `work` is done. */
export async function told(work: () => Promise<unknown>): Promise<string> {
  let text = "";
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return text;
}

/** A tiny model with plans for the densities 0.9 and 0.6, two prompts (one is a caption, one has markup) and two seeds. */
export async function tinySetting(): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), "image-dit-evaluate-"));
  const prompts = join(folder, "prompts.txt");
  await writeFile(prompts, 'a large red circle\na cat & a <b>"dog"</b>\n');
  const calibration = join(folder, "calibration.txt");
  await writeFile(calibration, `${CALIBRATION_PROMPT}\n`);
  const tiny = { model, width: 64, height: 64, steps: 3, threads: 1 };
  const plan: string[] = [];
  for (const density of [0.9, 0.6]) {
    const out = join(folder, `plan-${density}.safetensors`);
    await calibrate(imageApp, { ...tiny, density, prompts: calibration, out }, never);
    plan.push(out);
  }
  const flags = { ...tiny, plan, prompts, seeds: [1, 2], work: join(folder, "work") };
  return {
    folder,
    flags,
    run: (change = {}, signal = never) => {
      const given = Object.entries({ ...flags, ...change }).filter(
        ([, value]) => value !== undefined,
      );
      return evaluate(imageApp, Object.fromEntries(given), { signal, commandLine: COMMAND_LINE });
    },
  };
}
