import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { benchFolder } from "../folders.js";
import type { MeasuredCase } from "../measure/case.js";
import type { Commit, Machine } from "./machine.js";

const FORMAT = "paroattn-bench 1";
const resultsFolder = join(benchFolder, "results");

/** One run of a suite: `bench/results/SUITE-TIME.json`. Times are in milliseconds. */
export interface Result extends Commit {
  readonly format: typeof FORMAT;
  readonly suite: string;
  readonly measuredAt: string;
  readonly threads: number;
  readonly machine: Machine;
  /** Versions of the libraries that it was compared with. */
  readonly peers: Readonly<Record<string, string>>;
  /** Why others are missing. */
  readonly absent: Readonly<Record<string, string>>;
  readonly cases: readonly MeasuredCase[];
}

/** Writes a result and returns its path. */
export async function saveResult(result: Omit<Result, "format">): Promise<string> {
  await mkdir(resultsFolder, { recursive: true });
  const time = result.measuredAt.replace(/[-:]|\.\d+/g, "");
  const path = join(resultsFolder, `${result.suite}-${time}.json`);
  await writeFile(`${path}.part`, `${JSON.stringify({ format: FORMAT, ...result }, null, 1)}\n`);
  await rename(`${path}.part`, path);
  return path;
}

/** The latest result of a suite; undefined where there is none. Throws for a file of another format. */
export async function latestResult(suite: string): Promise<Result | undefined> {
  const files = await readdir(resultsFolder).catch(() => []);
  const latest = files
    .filter((file) => file.startsWith(`${suite}-`) && file.endsWith(".json"))
    .sort()
    .at(-1);
  if (latest === undefined) return undefined;
  const result = JSON.parse(await readFile(join(resultsFolder, latest), "utf8")) as Result;
  if (result.format === FORMAT) return result;
  throw new Error(`Expected ${latest} to be of format "${FORMAT}" but found "${result.format}"`);
}
