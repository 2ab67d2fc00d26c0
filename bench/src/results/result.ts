import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { benchFolder } from "../folders.js";
import type { MeasuredCase } from "../measure/case.js";
import { type Commit, type Machine, thisCommit, thisMachine } from "./machine.js";

const FORMAT = "paroattn-bench 1";
const resultsFolder = join(benchFolder, "results");

/** One run of a suite: `bench/results/SUITE-TIME.json`. Times are in milliseconds. */
interface ResultHeader extends Commit {
  readonly format: typeof FORMAT;
  readonly suite: string;
  readonly measuredAt: string;
  readonly threads: number;
  readonly machine: Machine;
}

/** What a suite of cases found. */
interface CasesFound {
  /** Versions of the libraries that it was compared with. */
  readonly peers: Readonly<Record<string, string>>;
  /** Why others are missing. */
  readonly absent: Readonly<Record<string, string>>;
  readonly cases: readonly MeasuredCase[];
}

/** What `npm run bench -- clip` found. */
interface LinesFound {
  readonly lines: readonly object[];
}

export type Result = ResultHeader & CasesFound;

/** Writes what was found now, on this machine and commit, and returns the file's path. */
export async function saveResult(
  found: { readonly suite: string; readonly threads: number } & (CasesFound | LinesFound),
): Promise<string> {
  const { suite, threads, ...rest } = found;
  const measuredAt = new Date().toISOString();
  const machine = thisMachine(threads);
  const header: ResultHeader = {
    format: FORMAT,
    suite,
    measuredAt,
    ...thisCommit(),
    threads,
    machine,
  };
  await mkdir(resultsFolder, { recursive: true });
  const time = measuredAt.replace(/[-:]|\.\d+/g, "");
  const path = join(resultsFolder, `${suite}-${time}.json`);
  await writeFile(`${path}.part`, `${JSON.stringify({ ...header, ...rest }, null, 1)}\n`);
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
