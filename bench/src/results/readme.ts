import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryFolder } from "../folders.js";
import { latestResult } from "./result.js";
import { TABLE_SUITES, tables } from "./table.js";

const FILE = "packages/kernels-cpu/README.md";
const BEGIN = "<!-- npm run bench -- table writes this, from bench/results -->";
const END = "<!-- end of the results -->";

/** The README's text now, and as the latest results have it. */
export async function readmeWithResults(): Promise<{
  readonly path: string;
  readonly found: string;
  readonly expected: string;
}> {
  const path = join(repositoryFolder, FILE);
  const found = await readFile(path, "utf8");
  const begin = found.indexOf(BEGIN);
  const end = found.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Expected ${BEGIN} and ${END} in ${FILE}`);
  const results = await Promise.all(TABLE_SUITES.map(latestResult));
  const text = tables(results.filter((result) => result !== undefined));
  const expected = `${found.slice(0, begin)}${BEGIN}\n\n${text}\n${found.slice(end)}`;
  return { path, found, expected };
}

/** Brings the README's tables up to the latest results. Returns whether that changed it. */
export async function writeReadme(): Promise<boolean> {
  const { path, found, expected } = await readmeWithResults();
  if (found === expected) return false;
  await writeFile(path, expected);
  return true;
}
