import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "@paroattn/tensor";
import type { EvaluationSettings } from "../evaluate/evaluation.js";
import { openResultStore, type ResultStore } from "../evaluate/result-store.js";
import { UsageError } from "../terminal/run-command.js";

/** Goes up when the same experiment would give other results. */
const VERSION = 1;

/** Prompts with a seed each. */
export interface CalibrationSubjects {
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
}

/** Everything that decides the numbers of all rows. */
export interface Experiment extends EvaluationSettings {
  readonly prompts: readonly string[];
  /** Every prompt is drawn with each. */
  readonly seeds: readonly number[];
  readonly calibration: CalibrationSubjects;
}

const LONGEST = 60;

/**
 * Opens (makes) the folder in which an experiment keeps what it has. A folder holds one experiment: numbers of another model,
 * size, prompt list, machine or build are never put beside these.
 *
 * @throws UsageError naming what differs, or what cannot be read; OutputError where the folder cannot be made.
 */
export async function openExperiment(folder: string, experiment: Experiment): Promise<ResultStore> {
  const store = await openResultStore(folder);
  const file = join(folder, "experiment.json");
  const told = flatten({ version: VERSION, ...experiment });
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new UsageError(`Expected to read ${file} but found ${error.message}`);
  });
  if (text === undefined) {
    const data = `${JSON.stringify({ version: VERSION, ...experiment }, null, 2)}\n`;
    await writeFileAtomically(file, { data });
    return store;
  }
  const found = flatten(parsed(text, file));
  const names = [...new Set([...Object.keys(told), ...Object.keys(found)])];
  const differing = names.filter((name) => told[name] !== found[name]);
  if (differing.length === 0) return store;
  const [name] = differing as [string, ...string[]];
  const more = differing.length > 1 ? `, and ${differing.length - 1} more` : "";
  throw new UsageError(
    `Expected results of this experiment in ${folder} but found another's: ${name} is ${cut(found[name])}, here ${cut(told[name])}${more}; name another --work, or remove the folder`,
  );
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(
      `Expected an experiment in ${file} but found other text; name another --work`,
    );
  }
}

/** Leaves of some JSON by their path, such as "calibration.prompts.0", as text. */
function flatten(value: unknown, path: readonly string[] = []): Record<string, string> {
  if (typeof value !== "object" || value === null) return { [path.join(".")]: String(value) };
  const parts = Object.entries(value).map(([name, part]) => flatten(part, [...path, name]));
  return Object.assign({}, ...parts);
}

function cut(text = "not there"): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
